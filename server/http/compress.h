/* compress.h: gzip for answers, with one stream that is used again and again. A Compressor belongs to one worker. */
#ifndef ONRECORD_HTTP_COMPRESS_H
#define ONRECORD_HTTP_COMPRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

typedef struct Compressor Compressor;

enum { COMPRESS_MIN = 1434 /* bytes: what is smaller fits a packet anyway */ };

/* `level`: 1 for answers made anew, 6 for what is kept. */
Compressor *compressor_new(int level);
void compressor_free(Compressor *compressor);

/* The gzip form of `data`, in a buffer of `arena`. False when it is not smaller. */
bool compress_gzip(Compressor *compressor, Arena *arena, const char *data, size_t length, Buffer *out);

/* True for media types that gain by it: text, JSON, XML, YAML, JavaScript, SVG. */
bool compressible(const char *content_type);

#endif
