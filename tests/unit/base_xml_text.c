/* base/xml_text: text in XML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/xml_text.h"

static const char *written(Arena *arena, void (*add)(Buffer *, const char *, size_t), const char *text, size_t length) {
    Buffer out = buffer_new(arena, 0);
    add(&out, text, length);
    assert_int_equal(out.length, strlen(out.data));
    return out.data;
}

#define assert_text(text, expected) assert_string_equal(written(arena, xml_add_text, text, sizeof(text) - 1), expected)
#define assert_value(text, expected)                                                                                   \
    assert_string_equal(written(arena, xml_add_value, text, sizeof(text) - 1), expected)

static void markup_is_escaped(void **state) {
    Arena *arena = arena_new();
    (void)state;
    assert_text("", "");
    assert_text("plain – ж 👍", "plain – ж 👍");
    assert_text("a<b & c>d", "a&lt;b &amp; c&gt;d");
    assert_text("]]>", "]]&gt;");
    assert_text("&lt;", "&amp;lt;");
    assert_text("<![CDATA[x]]>", "&lt;![CDATA[x]]&gt;");
    assert_value("say \"it's\"", "say &quot;it's&quot;");
    arena_free(arena);
}

static void white_space_comes_through(void **state) {
    Arena *arena = arena_new();
    (void)state;
    assert_text("a\r\nb\tc\n", "a&#13;\nb\tc\n");
    assert_value("a\r\nb\tc\n", "a&#13;&#10;b&#9;c&#10;");
    arena_free(arena);
}

static void what_xml_forbids_is_replaced(void **state) {
    Arena *arena = arena_new();
    (void)state;
    assert_text("a\0b", "a\uFFFDb");
    for (char c = 1; c < 0x20; c++) {
        const char text[] = {'a', c, 'b'};
        const char *expected = c == '\t' ? "a\tb" : c == '\n' ? "a\nb" : c == '\r' ? "a&#13;b" : "a\uFFFDb";
        assert_string_equal(written(arena, xml_add_text, text, sizeof text), expected);
    }
    assert_text("\xEF\xBF\xBE|\xEF\xBF\xBF", "\uFFFD|\uFFFD");                   /* U+FFFE, U+FFFF */
    assert_text("\xEF\xBF\xBD\xEF\xBE\xBE\x7F", "\xEF\xBF\xBD\xEF\xBE\xBE\x7F"); /* these may stand there */
    assert_text("\U0001FFFE\U0010FFFF", "\U0001FFFE\U0010FFFF");
    assert_string_equal(written(arena, xml_add_text, "\xEF\xBF", 2), "\xEF\xBF"); /* never read past the end */
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markup_is_escaped),
        cmocka_unit_test(white_space_comes_through),
        cmocka_unit_test(what_xml_forbids_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
