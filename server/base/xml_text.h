/* xml_text.h: text in XML 1.0 (https://www.w3.org/TR/xml/).
 *
 * The same escapes serve between tags and within a value in double quotes. What a parser would change (line ends, and
 * white space in values) goes as a character reference where it must; what XML 1.0 forbids even so (section 2.2: most
 * control characters, U+FFFE, U+FFFF) becomes U+FFFD. */
#ifndef ONRECORD_BASE_XML_TEXT_H
#define ONRECORD_BASE_XML_TEXT_H

#include "base/buffer.h"

/* Adds `length` bytes of valid UTF-8 as character data. */
void xml_add_text(Buffer *out, const char *text, size_t length);

/* The same for the value of an attribute: tabs and line feeds stay what they are, too. */
void xml_add_value(Buffer *out, const char *text, size_t length);

#endif
