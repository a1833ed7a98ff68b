#include "store/testing.h"

#include "store/stream.h"

#define STREAM "https://store.test/audit"

static struct rms_stream_batch batch_of(struct lab *lab)
{
    struct rms_stream_batch batch;

    assert_int_equal(rms_stream_batch(lab->db, STREAM, &batch), 0);
    return batch;
}

static struct rms_stream_batch begun(int64_t after, int64_t last)
{
    struct rms_stream_batch batch = {.after = after, .last = last};

    rms_guid_new(batch.id);
    return batch;
}

static void test_one_batch_at_a_time(void **state)
{
    struct lab *lab = *state;
    const struct rms_stream_batch ours = begun(0, 7);
    const struct rms_stream_batch theirs = begun(0, 9);
    struct rms_stream_batch seen = batch_of(lab);

    assert_int_equal(seen.after, 0);
    assert_int_equal(seen.last, 0);
    assert_int_equal(rms_stream_batch_begin(lab->db, STREAM, &ours), 0);
    assert_int_equal(rms_stream_batch_begin(lab->db, STREAM, &theirs), RMS_E_CONFLICT);
    seen = batch_of(lab); /* what a node that comes after a crash goes on with */
    assert_int_equal(seen.after, 0);
    assert_int_equal(seen.last, 7);
    assert_string_equal(seen.id, ours.id);

    assert_int_equal(rms_stream_batch_done(lab->db, STREAM, &theirs), 0);
    assert_int_equal(batch_of(lab).after, 0);
    assert_int_equal(rms_stream_batch_done(lab->db, STREAM, &ours), 0);
    assert_int_equal(batch_of(lab).after, 7);
    assert_false(batch_of(lab).last > 7);
}

/* A node that was held up while others went on: it neither takes the stream back nor begins what is over. */
static void test_late(void **state)
{
    struct lab *lab = *state;
    const struct rms_stream_batch first = begun(0, 7);
    const struct rms_stream_batch late = begun(0, 9);
    const struct rms_stream_batch second = begun(7, 12);

    assert_int_equal(rms_stream_batch_begin(lab->db, STREAM, &first), 0);
    assert_int_equal(rms_stream_batch_done(lab->db, STREAM, &first), 0);
    assert_int_equal(rms_stream_batch_begin(lab->db, STREAM, &late), RMS_E_CONFLICT);
    assert_int_equal(rms_stream_batch_begin(lab->db, STREAM, &second), 0);
    assert_int_equal(rms_stream_batch_done(lab->db, STREAM, &first), 0);
    assert_int_equal(batch_of(lab).after, 7);
    assert_int_equal(batch_of(lab).last, 12);
    assert_int_equal(rms_stream_batch_done(lab->db, STREAM, &second), 0);
    assert_int_equal(rms_stream_batch_done(lab->db, STREAM, &second), 0);
    assert_int_equal(batch_of(lab).after, 12);
}

/* Files and journals move their own cursors, which have no batches. */
static void test_beside_others(void **state)
{
    struct lab *lab = *state;
    const struct rms_stream_batch batch = begun(0, 7);
    int64_t seq = 0;

    assert_int_equal(rms_stream_batch_begin(lab->db, STREAM, &batch), 0);
    assert_int_equal(rms_stream_move(lab->db, "host /var/log/usage", 5), 0);
    assert_int_equal(rms_stream_position(lab->db, "host /var/log/usage", &seq), 0);
    assert_int_equal(seq, 5);
    assert_int_equal(rms_stream_batch_done(lab->db, STREAM, &batch), 0);
    assert_int_equal(batch_of(lab).after, 7);
}

static const char *forgotten(struct lab *lab, int64_t since, int64_t now)
{
    const char *name;

    assert_int_equal(rms_stream_forget(lab->db, lab->arena, since, now, &name), 0);
    return name;
}

/* Of whom nothing was heard holds nothing back any more; of a row from before that was noted, time counts
 * from now on. */
static void test_silent(void **state)
{
    struct lab *lab = *state;
    int64_t seq = 0;

    assert_int_equal(rms_stream_seen(lab->db, "gone log", 1000), 0); /* there is none yet */
    assert_int_equal(rms_stream_move(lab->db, "gone log", 5), 0);
    assert_int_equal(rms_stream_move(lab->db, "here log", 9), 0);
    assert_null(forgotten(lab, 500, 1000));
    assert_int_equal(rms_stream_seen(lab->db, "here log", 2000), 0);
    assert_int_equal(rms_stream_seen(lab->db, "here log", 1500), 0); /* late */
    assert_null(forgotten(lab, 1000, 2000));
    assert_string_equal(forgotten(lab, 1001, 2001), "gone log");
    assert_null(forgotten(lab, 1001, 2001));
    assert_int_equal(rms_stream_position(lab->db, "gone log", &seq), 0);
    assert_int_equal(seq, 0);
    assert_int_equal(rms_stream_position(lab->db, "here log", &seq), 0);
    assert_int_equal(seq, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_silent),
        LAB_TEST(test_one_batch_at_a_time),
        LAB_TEST(test_late),
        LAB_TEST(test_beside_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
