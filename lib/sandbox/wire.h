/* What goes over the socket between rms_helper_run and rms_helper_serve: both are of one build. Integers are
 * little-endian. */
#ifndef RMS_SANDBOX_WIRE_H
#define RMS_SANDBOX_WIRE_H

/* The helper's descriptors; standard input, output and error are /dev/null. */
enum { HELPER_SOCKET = 3, HELPER_IN, HELPER_OUT };

#define REQUEST_MAGIC 0x48524d53u
#define REPLY_MAGIC   0x52524d53u

/* magic, operation, has_out, cpu_s (u32 each), memory_bytes, file_bytes (u64 each), request_len (u32) */
#define REQUEST_HEAD (4 * 4 + 2 * 8 + 4)
/* magic, code, reply_len (u32 each) */
#define REPLY_HEAD (3 * 4)

#endif
