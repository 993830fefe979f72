/* record/tail: a token gives back the place that it was made of, and what is none is none; what a filter wants. */
#include "record_fixture.h"

#include "record/tail.h"

static void a_token_gives_back_its_place(void **state) {
    Exchange *x = *state;
    static const int64_t positions[] = {0, 1, 255, 256, INT64_C(1) << 53, INT64_C(0x7effffffffffffff)};
    for (size_t i = 0; i < sizeof positions / sizeof *positions; i++) {
        LogMark mark = {.epoch = "sixteen bytes..", .pos = positions[i]};
        LogMark back;
        const char *token = token_encode(x->arena, &mark);
        assert_int_equal(strlen(token), TOKEN_TEXT - 1);
        assert_int_equal(strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                         TOKEN_TEXT - 1);
        assert_true(token_decode(x->arena, token, &back));
        assert_memory_equal(back.epoch, mark.epoch, EPOCH_SIZE);
        assert_int_equal(back.pos, mark.pos);
    }
}

static void what_is_no_token(void **state) {
    Exchange *x = *state;
    LogMark mark;
    static const char *const others[] = {"",
                                         "now",
                                         "0123456789012345678901234567890",
                                         "012345678901234567890123456789012",
                                         "0123456789012345678901234567890=",
                                         "0123456789012345678901234567890+",
                                         "AAAAAAAAAAAAAAAAAAAAAH__________",
                                         "________________________________"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(token_decode(x->arena, others[i], &mark));
}

static void what_a_filter_wants(void **state) {
    (void)state;
    unsigned quotes = change_resource_bit("quotes");
    unsigned events = change_resource_bit("events");
    unsigned insert = change_operation_bit("insert");
    unsigned purge = change_operation_bit("purge");
    assert_true(quotes != 0 && events != 0 && quotes != events && insert != 0 && purge != 0 && insert != purge);
    assert_int_equal(change_resource_bit("quote"), 0);
    assert_int_equal(change_operation_bit(""), 0);
    assert_true(change_wanted(&(ChangeFilter){0}, quotes, insert, 7));
    assert_true(change_wanted(&(ChangeFilter){0}, 0, 0, 7));
    assert_true(change_wanted(&(ChangeFilter){.resources = quotes | events}, events, insert, 7));
    assert_false(change_wanted(&(ChangeFilter){.resources = quotes}, events, insert, 7));
    assert_false(change_wanted(&(ChangeFilter){.operations = purge}, quotes, insert, 7));
    assert_true(change_wanted(&(ChangeFilter){.resources = quotes, .record_id = 7}, quotes, insert, 7));
    assert_false(change_wanted(&(ChangeFilter){.resources = quotes, .record_id = 7}, quotes, insert, 8));
}

static void a_change_as_a_line_and_as_an_event(void **state) {
    Exchange *x = *state;
    Change change = {.pos = 1,
                     .resource = "quotes",
                     .record_id = 7,
                     .operation = "update",
                     .version = 2,
                     .changed_at = "2025-05-15 10:00:00.25+00"};
    static const uint8_t epoch[EPOCH_SIZE] = {0};
    Buffer out = buffer_new(x->arena, 0);
    change_write(FORMAT_NDJSON, &out, epoch, &change);
    assert_string_equal(out.data,
                        "{\"token\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB\",\"resource\":\"quotes\",\"record_id\":7,"
                        "\"operation\":\"update\",\"version\":2,"
                        "\"changed_at\":\"2025-05-15T10:00:00.250000Z\",\"changed_by\":null}\n");
    out = buffer_new(x->arena, 0);
    change.changed_by = 3;
    change_write(FORMAT_EVENTS, &out, epoch, &change);
    assert_string_equal(out.data, "id: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB\nevent: update\n"
                                  "data: {\"token\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB\",\"resource\":\"quotes\","
                                  "\"record_id\":7,\"operation\":\"update\",\"version\":2,"
                                  "\"changed_at\":\"2025-05-15T10:00:00.250000Z\",\"changed_by\":3}\n\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        unit_case(a_token_gives_back_its_place),
        unit_case(what_is_no_token),
        cmocka_unit_test(what_a_filter_wants),
        unit_case(a_change_as_a_line_and_as_an_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
