/* base/arena: what is handed out is aligned, apart and whole; what is given back is used again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"

static void test_alignment(void **state) {
    (void)state;
    Arena *arena = arena_new();
    for (size_t size = 0; size < 100; size++)
        assert_int_equal((uintptr_t)arena_alloc(arena, size) % _Alignof(max_align_t), 0);
    arena_free(arena);
}

/* Every piece keeps its own bytes, in the first block, in further ones and in pieces bigger than any block. */
static void test_pieces_do_not_overlap(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 15, 16, 17, 4000, 16 * 1024, 100, 300 * 1024, 3, 40000, 1 << 20, 7};
    enum { ROUNDS = 5, COUNT = sizeof sizes / sizeof sizes[0] };
    Arena *arena = arena_new();
    for (int round = 0; round < ROUNDS; round++) {
        unsigned char *pieces[COUNT];
        for (size_t i = 0; i < COUNT; i++) {
            pieces[i] = arena_alloc(arena, sizes[i]);
            memset(pieces[i], (int)i + 1, sizes[i]);
        }
        for (size_t i = 0; i < COUNT; i++) {
            for (size_t at = 0; at < sizes[i]; at++)
                if (pieces[i][at] != i + 1)
                    fail_msg("piece %zu of %zu bytes was overwritten at %zu", i, sizes[i], at);
        }
        arena_reset(arena);
    }
    arena_free(arena);
}

static void test_calloc_is_zero_after_reuse(void **state) {
    (void)state;
    Arena *arena = arena_new();
    memset(arena_alloc(arena, 5000), 0xFF, 5000);
    arena_reset(arena);
    const unsigned char *bytes = arena_calloc(arena, 50, 100);
    for (size_t i = 0; i < 5000; i++)
        assert_int_equal(bytes[i], 0);
    arena_free(arena);
}

static void test_reset_uses_the_same_memory(void **state) {
    (void)state;
    Arena *arena = arena_new();
    void *first = arena_alloc(arena, 100);
    arena_alloc(arena, 20 * 1024);
    arena_reset(arena);
    assert_ptr_equal(arena_alloc(arena, 100), first);
    arena_free(arena);
}

/* What malloc has handed out: the sanitizer's count, where there is one. */
extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t allocated(void) {
    if (__sanitizer_get_current_allocated_bytes)
        return __sanitizer_get_current_allocated_bytes();
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/* After a request of several megabytes a reused arena keeps its first block alone. */
static void test_reset_gives_big_blocks_back(void **state) {
    (void)state;
    size_t before = allocated();
    Arena *arena = arena_new();
    for (int round = 0; round < 3; round++) {
        arena_alloc(arena, 20 * 1024);
        for (int i = 0; i < 50; i++)
            arena_alloc(arena, 100 * 1024);
        arena_alloc(arena, 8 << 20);
        assert_true(allocated() - before > 13 << 20);
        arena_reset(arena);
        assert_in_range(allocated() - before, 16 * 1024, 18 * 1024);
    }
    arena_free(arena);
    assert_int_equal(allocated(), before);
}

static void test_grow(void **state) {
    (void)state;
    Arena *arena = arena_new();
    char *newest = arena_grow(arena, NULL, 0, 10);
    memcpy(newest, "123456789", 10);
    assert_ptr_equal(arena_grow(arena, newest, 10, 1000), newest);
    assert_ptr_equal(arena_grow(arena, newest, 1000, 500), newest);
    memset(newest + 10, 'x', 990);

    char *later = arena_alloc(arena, 16);
    memset(later, 'y', 16);
    char *moved = arena_grow(arena, newest, 1000, 2000);
    assert_ptr_not_equal(moved, newest);
    assert_string_equal(moved, "123456789");
    assert_int_equal(moved[999], 'x');
    memset(moved, 'z', 2000);
    assert_int_equal(later[0], 'y');
    assert_int_equal(later[15], 'y');
    arena_free(arena);
}

/* One allocation that grows from 1 byte to 4 MiB: through the first block, a further one, and blocks of its own. */
static void test_grow_far(void **state) {
    (void)state;
    Arena *arena = arena_new();
    for (int round = 0; round < 2; round++) {
        size_t size = 1;
        unsigned char *bytes = arena_alloc(arena, size);
        bytes[0] = 0;
        while (size < 4 << 20) {
            bytes = arena_grow(arena, bytes, size, 2 * size);
            for (size_t i = size; i < 2 * size; i++)
                bytes[i] = (unsigned char)(i * 7);
            size *= 2;
        }
        for (size_t i = 0; i < size; i++)
            assert_int_equal(bytes[i], (unsigned char)(i * 7));
        arena_reset(arena);
    }
    arena_free(arena);
}

static void test_texts(void **state) {
    (void)state;
    Arena *arena = arena_new();
    assert_string_equal(arena_strndup(arena, "Kabulov, Zamir", 7), "Kabulov");
    assert_string_equal(arena_strndup(arena, "", 0), "");
    assert_string_equal(arena_strdup(arena, "“Taliban’s”"), "“Taliban’s”");
    assert_string_equal(arena_printf(arena, "%s is %d of %zu", "limit", 201, (size_t)200), "limit is 201 of 200");
    const char *long_text = arena_printf(arena, "%*s|", 100000, "x");
    assert_int_equal(strlen(long_text), 100001);
    arena_free(arena);
}

static void test_free_of_nothing(void **state) {
    (void)state;
    arena_free(NULL);
}

/* A product that does not fit ends the process; it never becomes a small allocation. */
static void test_overflow_ends_the_process(void **state) {
    (void)state;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        arena_calloc(arena_new(), SIZE_MAX / 16 + 2, 16); /* 16 bytes, if it wrapped around */
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alignment),
        cmocka_unit_test(test_pieces_do_not_overlap),
        cmocka_unit_test(test_calloc_is_zero_after_reuse),
        cmocka_unit_test(test_reset_uses_the_same_memory),
        cmocka_unit_test(test_reset_gives_big_blocks_back),
        cmocka_unit_test(test_grow),
        cmocka_unit_test(test_grow_far),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_free_of_nothing),
        cmocka_unit_test(test_overflow_ends_the_process),
    };
    return cmocka_run_group_tests_name("base/arena", tests, NULL, NULL);
}
