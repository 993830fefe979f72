#include "http/compress.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct Compressor {
    z_stream stream;
};

Compressor *compressor_new(int level) {
    enum { GZIP_WINDOW = 15 + 16, MEMORY = 8 };
    Compressor *compressor = calloc(1, sizeof(*compressor));
    if (compressor == NULL ||
        deflateInit2(&compressor->stream, level, Z_DEFLATED, GZIP_WINDOW, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
        abort(); /* at the start only: no memory for a quarter of a megabyte */
    return compressor;
}

void compressor_free(Compressor *compressor) {
    if (compressor) {
        deflateEnd(&compressor->stream);
        free(compressor);
    }
}

bool compress_gzip(Compressor *compressor, Arena *arena, const char *data, size_t length, Buffer *out) {
    z_stream *stream = &compressor->stream;
    if (length > UINT32_MAX / 2 || deflateReset(stream) != Z_OK)
        return false;
    *out = buffer_new(arena, length);
    stream->next_in = (Bytef *)(uintptr_t)data; /* only read */
    stream->avail_in = (uInt)length;
    stream->next_out = (Bytef *)out->data;
    stream->avail_out = (uInt)(length - 1); /* a form that is not smaller does not end here */
    if (deflate(stream, Z_FINISH) != Z_STREAM_END)
        return false;
    out->length = length - 1 - stream->avail_out;
    return true;
}

bool compressible(const char *content_type) {
    static const char *const parts[] = {"text/", "json", "xml", "yaml", "javascript"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (strstr(content_type, parts[i]))
            return true;
    return false;
}
