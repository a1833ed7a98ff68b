#include "label/custom.h"

#include "base/text.h"
#include "label/part.h"

#define PROPERTIES "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"
#define TYPES      "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"
#define FORMAT_ID  "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"
#define FIRST_PID  2
#define NEW_PART                                                                                             \
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n<Properties xmlns=\"" PROPERTIES       \
    "\" xmlns:vt=\"" TYPES "\"/>"

static const char *name_of(const struct rms_part_item *item)
{
    const char *name = strcmp(item->name, PROPERTIES "|property") == 0 ? rms_part_attr(item, "name") : NULL;

    return name != NULL && rms_label_key(name) ? name : NULL;
}

int rms_label_custom_read(struct rms_view xml, struct rms_label_pairs *pairs)
{
    const struct rms_part_item *item;
    struct rms_part part;

    RMS_TRY(rms_part_parse(pairs->arena, xml, &part));
    for (item = part.first; item != NULL; item = item->next) {
        const char *name = name_of(item);
        int code = name != NULL ? rms_label_pairs_put(pairs, name, item->text) : 0;

        if (code != RMS_E_LIMIT) {
            RMS_TRY(code);
        }
    }
    return 0;
}

/* --- writing -------------------------------------------------------------------------------------------- */

struct writer {
    const struct rms_label_pairs *pairs;
    bool *written; /* of each pair */
    unsigned pid;
    struct rms_buf *out;
};

/* The value of pid in a start tag: between its quotes. Empty when there is none. */
static struct rms_view pid_of(struct rms_view tag)
{
    char quote = 0;

    for (size_t i = 1; i + 5 < tag.len && (quote != 0 || tag.data[i] != '>'); i++) {
        char c = (char)tag.data[i];

        if (quote != 0) {
            quote = c == quote ? 0 : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (memcmp(tag.data + i, "pid", 3) == 0 && memchr(" \t\r\n", tag.data[i - 1], 4) != NULL) {
            size_t at = i + 3;
            const uint8_t *end;

            while (at < tag.len && memchr(" \t\r\n=", tag.data[at], 5) != NULL) {
                at++;
            }
            end = at + 1 < tag.len && (tag.data[at] == '"' || tag.data[at] == '\'')
                      ? memchr(tag.data + at + 1, tag.data[at], tag.len - at - 1)
                      : NULL;
            if (end != NULL) {
                return rms_view_of(tag.data + at + 1, (size_t)(end - tag.data) - at - 1);
            }
        }
    }
    return rms_view_of(NULL, 0);
}

static void keep(struct writer *w, const struct rms_part_item *item)
{
    struct rms_view pid = pid_of(item->source);
    size_t head;

    if (pid.data == NULL || rms_part_attr(item, "pid") == NULL) {
        rms_buf_append_view(w->out, item->source);
        return;
    }
    head = (size_t)(pid.data - item->source.data);
    rms_buf_append(w->out, item->source.data, head);
    rms_buf_printf(w->out, "%u", w->pid++);
    rms_buf_append(w->out, pid.data + pid.len, item->source.len - head - pid.len);
}

static void make(struct writer *w, const struct rms_label_pair *pair)
{
    rms_buf_printf(
        w->out, "<property xmlns=\"" PROPERTIES "\" fmtid=\"" FORMAT_ID "\" pid=\"%u\" name=\"", w->pid++);
    rms_text_xml_escape(w->out, rms_view_str(pair->key));
    rms_buf_append_str(w->out, "\"><vt:lpwstr xmlns:vt=\"" TYPES "\">");
    rms_text_xml_escape(w->out, rms_view_str(pair->value));
    rms_buf_append_str(w->out, "</vt:lpwstr></property>");
}

/* A label's property: as it is when its value stays, new when it changed, nothing when it is gone or told
 * twice. */
static void settle(struct writer *w, const struct rms_part_item *item, const char *name)
{
    for (size_t i = 0; i < w->pairs->count; i++) {
        const struct rms_label_pair *pair = &w->pairs->items[i];

        if (rms_text_equal_nocase(pair->key, name) && !w->written[i]) {
            w->written[i] = true;
            if (strcmp(pair->value, item->text) == 0) {
                keep(w, item);
            } else {
                make(w, pair);
            }
            return;
        }
    }
}

/* Everything up to the end of the root's content, then what is new. */
static void write_items(struct writer *w, const struct rms_part *part)
{
    const uint8_t *from = part->text.data;

    for (const struct rms_part_item *item = part->first; item != NULL; item = item->next) {
        const char *name = name_of(item);

        rms_buf_append(w->out, from, (size_t)(item->source.data - from));
        from = item->source.data + item->source.len;
        if (name != NULL) {
            settle(w, item, name);
        } else {
            keep(w, item);
        }
    }
    rms_buf_append(w->out, from, (size_t)(part->text.data + part->end - from));
    rms_part_open(part, w->out);
    for (size_t i = 0; i < w->pairs->count; i++) {
        if (!w->written[i]) {
            make(w, &w->pairs->items[i]);
        }
    }
    rms_part_close(part, w->out);
}

int rms_label_custom_write(struct rms_view xml, const struct rms_label_pairs *pairs, struct rms_buf *out)
{
    struct rms_view text = xml.len > 0 ? xml : RMS_VIEW_LITERAL(NEW_PART);
    struct writer w = {.pairs = pairs, .pid = FIRST_PID, .out = out};
    struct rms_part part;

    w.written = rms_arena_array(pairs->arena, pairs->count + 1, sizeof *w.written);
    if (w.written == NULL) {
        return RMS_E_NO_MEMORY;
    }
    RMS_TRY(rms_part_parse(pairs->arena, text, &part));
    write_items(&w, &part);
    return rms_buf_status(out);
}
