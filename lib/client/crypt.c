#include "client/crypt.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "client/context.h"

#define CHUNK       (1024u * 1024)
#define ROOM        4112u /* what encryption can add to a chunk, and more */
#define PAGE        4096u
#define THREADS_MAX 8u

/* Shared by the threads of one job. */
struct run {
    const struct rms_crypt_job *job;
    uint64_t chunks;
    _Atomic uint64_t next;         /* the next chunk nobody has taken */
    _Atomic uint64_t done;         /* bytes of the source */
    _Atomic uint64_t end;          /* bytes written, known when the last chunk is */
    atomic_int status;             /* the first failure */
    struct rms_report_text report; /* of the thread that failed first */
};

/* One thread's tools. */
struct worker {
    struct run *run;
    struct rms_content_cipher *decrypt, *encrypt;
    uint8_t *memory; /* room bytes */
    size_t room;
    uint8_t
        *buffer; /* inside memory, lying as in the pages of the output: the kernel copies a fifth faster */
    pthread_t thread;
    bool calling; /* the caller's own thread: reports progress */
};

unsigned rms_crypt_threads(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;

    return count < 1 ? 1 : (count > (int)THREADS_MAX ? THREADS_MAX : (unsigned)count);
}

static uint64_t first_block(const struct rms_content_cipher *cipher, uint64_t offset)
{
    return offset / rms_content_block(cipher);
}

/* Modes without padding tell their clear length only by the container. */
static size_t clip(const struct rms_crypt_job *job, uint64_t offset, size_t len)
{
    bool padded = job->decrypt->mode == RMS_MODE_CBC4K;

    if (padded || job->clear_size == UINT64_MAX || offset + len <= job->clear_size) {
        return len;
    }
    return offset < job->clear_size ? (size_t)(job->clear_size - offset) : 0;
}

/* Without padding the last block is filled up with zeros (protected-file-formats 5.6). */
static size_t fill_up(const struct rms_content_cipher *cipher, uint8_t *data, size_t len)
{
    size_t gap = rms_content_cipher_mode(cipher) == RMS_MODE_CBC4K_NOPAD
                     ? (RMS_CONTENT_BLOCK - len % RMS_CONTENT_BLOCK) % RMS_CONTENT_BLOCK
                     : 0;

    memset(data + len, 0, gap);
    return len + gap;
}

/* The source is not what it was when its length was taken. */
static int put_hashes(const struct rms_crypt_job *job, uint64_t offset, const uint8_t *data, size_t len)
{
    if (offset > job->hashed_len || len > job->hashed_len - offset) {
        return RMS_E_FILE_CHANGED;
    }
    rms_tree_put(job->hashes, job->hashed_len, offset, rms_view_of(data, len));
    return 0;
}

/* len bytes of the buffer, at offset of the content, become *len_out bytes. */
static int transform(struct worker *worker, uint64_t offset, size_t len, bool last, size_t *len_out)
{
    const struct rms_crypt_job *job = worker->run->job;
    uint8_t *data = worker->buffer;

    if (job->sealed != NULL) {
        RMS_TRY(rms_tree_check(job->sealed, offset, rms_view_of(data, len)));
    }
    if (worker->decrypt != NULL) {
        RMS_TRY(rms_content_decrypt(
            worker->decrypt, first_block(worker->decrypt, offset), data, len, last, data, &len));
        len = clip(job, offset, len);
    }
    if (worker->encrypt != NULL) {
        len = last ? fill_up(worker->encrypt, data, len) : len;
        RMS_TRY(rms_content_encrypt(
            worker->encrypt, first_block(worker->encrypt, offset), data, len, last, data, &len));
    }
    if (job->hashes != NULL) {
        RMS_TRY(put_hashes(job, offset, data, len));
    }
    *len_out = len;
    return 0;
}

static int do_chunk(struct worker *worker, uint64_t index)
{
    struct run *run = worker->run;
    const struct rms_crypt_job *job = run->job;
    uint64_t offset = index * CHUNK;
    uint64_t left = job->in_len - offset;
    size_t len = left < CHUNK ? (size_t)left : CHUNK;
    bool last = index + 1 == run->chunks;
    size_t out_len;

    RMS_TRY(rms_check_cancelled(job->context));
    RMS_TRY(rms_reader_at(&job->in, job->in_offset + offset, worker->buffer, len));
    RMS_TRY(transform(worker, offset, len, last, &out_len));
    RMS_TRY(job->out.write(job->out.context, job->out_offset + offset, worker->buffer, out_len));
    if (last) {
        atomic_store(&run->end, offset + out_len);
    }
    (void)atomic_fetch_add(&run->done, len);
    return 0;
}

static void stop(struct run *run, int status)
{
    int none = 0;

    if (atomic_compare_exchange_strong(&run->status, &none, status)) {
        rms_report_save(run->job->context, &run->report);
    }
}

/* Only the caller's own thread reports; so that a caller always hears of a job, also before its first piece.
 */
static int report_progress(const struct worker *worker)
{
    const struct rms_crypt_job *job = worker->run->job;

    if (worker->calling && job->progress != NULL &&
        job->progress(job->user_data, atomic_load(&worker->run->done), job->in_len) != 0) {
        return rms_fail(job->context, RMS_E_CANCELLED, "cancelled");
    }
    return 0;
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct run *run = worker->run;
    int status = report_progress(worker);

    if (status != 0) {
        stop(run, status);
    }
    while (atomic_load(&run->status) == 0) {
        uint64_t index = atomic_fetch_add(&run->next, 1);

        if (index >= run->chunks) {
            break;
        }
        status = do_chunk(worker, index);
        if (status == 0) {
            status = report_progress(worker);
        }
        if (status != 0) {
            stop(run, status);
        }
    }
    return NULL;
}

static int equip(struct worker *worker, struct run *run)
{
    const struct rms_crypt_job *job = run->job;

    worker->run = run;
    worker->room = run->chunks > 1 ? CHUNK + ROOM + 2 * PAGE : (size_t)job->in_len + ROOM;
    worker->memory = rms_malloc(worker->room);
    if (worker->memory == NULL) {
        return RMS_E_NO_MEMORY;
    }
    worker->buffer = worker->memory;
    if (run->chunks > 1) {
        worker->buffer += (PAGE - (uintptr_t)worker->memory % PAGE) % PAGE + job->out_offset % PAGE;
    }
    if (job->decrypt != NULL) {
        RMS_TRY(
            rms_content_cipher_new(job->decrypt->mode, rms_secret_view(job->decrypt->key), &worker->decrypt));
    }
    if (job->encrypt != NULL) {
        RMS_TRY(
            rms_content_cipher_new(job->encrypt->mode, rms_secret_view(job->encrypt->key), &worker->encrypt));
    }
    return 0;
}

static void strip(struct worker *worker)
{
    rms_content_cipher_free(&worker->decrypt);
    rms_content_cipher_free(&worker->encrypt);
    if (worker->memory != NULL) {
        rms_wipe(worker->memory, worker->room);
    }
    rms_free(worker->memory);
}

/* A thread that cannot be made is no failure: the others do its share. */
static void run_threads(struct worker *workers, unsigned count)
{
    unsigned started = 1;

    workers[0].calling = true;
    while (started < count && pthread_create(&workers[started].thread, NULL, work, &workers[started]) == 0) {
        started++;
    }
    (void)work(&workers[0]);
    for (unsigned i = 1; i < started; i++) {
        (void)pthread_join(workers[i].thread, NULL);
    }
}

int rms_crypt_run(const struct rms_crypt_job *job, uint64_t *written_out)
{
    struct worker workers[THREADS_MAX] = {0};
    struct run run = {.job = job};
    unsigned threads = job->threads < THREADS_MAX ? job->threads : THREADS_MAX;
    unsigned equipped = 0;
    int status = 0;

    /* every content has a last chunk, an empty one too */
    run.chunks = job->in_len == 0 ? 1 : (job->in_len + CHUNK - 1) / CHUNK;
    if (threads > run.chunks) {
        threads = (unsigned)run.chunks;
    }
    if (threads < 1 || job->out.in_order) {
        threads = 1;
    }
    while (status == 0 && equipped < threads) {
        status = equip(&workers[equipped++], &run);
    }
    if (status == 0) {
        run_threads(workers, threads);
        status = atomic_load(&run.status);
        if (status != 0) {
            rms_report_restore(job->context, &run.report);
        }
    }
    for (unsigned i = 0; i < equipped; i++) {
        strip(&workers[i]);
    }
    *written_out = atomic_load(&run.end);
    return status;
}
