/* rms admin template texts: names and descriptions of all templates to translators and back (S-098). An
 * archive (zip) with a file for each language:
 *
 *     <templates language="1036">
 *       <template id="GUID"><name>…</name><description>…</description></template>
 *     </templates>
 *
 * What comes back is from outside: bounded, without document types, and what the service does not take is
 * refused there. */
#include <expat.h>
#include <string.h>
#include <strings.h>
#include <zip.h>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "cmd/rms/admin.h"

#define ARCHIVE_MAX (16u << 20)
#define TEXTS_MAX   (8u << 20) /* of one language */
#define FILES_MAX   512
#define NAME_TEXT   64
#define TEMPLATES   TENANT_PATH "/templates"

/* --- writing ----------------------------------------------------------------------------------------------
 */

static void append_escaped(struct rms_buf *out, const char *text)
{
    static const char special[] = "&<>\"";
    static const char *const names[] = {"&amp;", "&lt;", "&gt;", "&quot;"};

    for (; *text != 0; text++) {
        const char *at = strchr(special, *text);

        if (at != NULL) {
            rms_buf_append_str(out, names[at - special]);
        } else {
            rms_buf_append_byte(out, (uint8_t)*text);
        }
    }
}

static void append_element(struct rms_buf *out, const char *name, const char *text)
{
    rms_buf_printf(out, "    <%s>", name);
    append_escaped(out, text != NULL ? text : "");
    rms_buf_printf(out, "</%s>\n", name);
}

static void append_template(struct rms_buf *out, const json_t *template, const char *language)
{
    const char *name = rms_json_str(json_object_get(template, "Names"), language);

    if (name != NULL) {
        rms_buf_printf(out, "  <template id=\"%s\">\n", rms_json_str(template, "TemplateId"));
        append_element(out, "name", name);
        append_element(out, "description", rms_json_str(json_object_get(template, "Descriptions"), language));
        rms_buf_append_str(out, "  </template>\n");
    }
}

/* The file of a language. */
static json_t *file_of(const json_t *templates, const char *language)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(TEXTS_MAX);
    const json_t *template;
    size_t i;

    rms_buf_printf(
        &text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<templates language=\"%s\">\n", language);
    json_array_foreach((json_t *)templates, i, template)
    {
        append_template(&text, template, language);
    }
    rms_buf_append_str(&text, "</templates>\n");
    return rms_buf_status(&text) == 0 ? text_json(rms_buf_text(&text)) : NULL;
}

/* {language: file}; NULL when one is too large. */
static json_t *files_of(const json_t *templates)
{
    json_t *files = json_object();
    const json_t *template;
    const char *language;
    const json_t *name;
    size_t i;

    json_array_foreach((json_t *)templates, i, template)
    {
        json_object_foreach(json_object_get(template, "Names"), language, name)
        {
            json_t *file = json_object_get(files, language) != NULL ? NULL : file_of(templates, language);

            if (file != NULL) {
                json_object_set_new(files, language, file);
            }
        }
    }
    return files;
}

static bool add_files(zip_t *archive, const json_t *files)
{
    const char *language;
    const json_t *file;
    char name[NAME_TEXT];

    json_object_foreach((json_t *)files, language, file)
    {
        zip_source_t *source =
            zip_source_buffer(archive, json_string_value(file), json_string_length(file), 0);

        (void)snprintf(name, sizeof name, "%.32s.xml", language);
        if (source == NULL || zip_file_add(archive, name, source, ZIP_FL_ENC_UTF_8) < 0) {
            zip_source_free(source);
            return false;
        }
    }
    return true;
}

static bool copy_source(zip_source_t *source, struct rms_buf *out)
{
    uint8_t chunk[16384];
    zip_int64_t count = zip_source_open(source);

    while (count >= 0 && (count = zip_source_read(source, chunk, sizeof chunk)) > 0) {
        rms_buf_append(out, chunk, (size_t)count);
    }
    return count == 0 && rms_buf_status(out) == 0;
}

static bool make_archive(const json_t *files, struct rms_buf *out)
{
    zip_source_t *source = zip_source_buffer_create(NULL, 0, 0, NULL);
    zip_t *archive = source != NULL ? zip_open_from_source(source, ZIP_TRUNCATE, NULL) : NULL;
    bool made;

    if (archive == NULL) {
        zip_source_free(source);
        return false;
    }
    zip_source_keep(source);
    made = add_files(archive, files) && zip_close(archive) == 0;
    if (!made) {
        zip_discard(archive);
    }
    made = made && copy_source(source, out);
    zip_source_free(source);
    return made;
}

int admin_template_texts_export(struct arguments *arguments)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(ARCHIVE_MAX);
    json_t *RMS_JSON_CLEANUP templates = NULL;
    json_t *RMS_JSON_CLEANUP files = NULL;
    const struct admin_exchange get = {.method = "GET", .path = TEMPLATES};
    int status = argument_text(arguments, "output") != NULL
                     ? admin_exchange(arguments, &get, &templates)
                     : usage_error(arguments, _("name the archive: --output FILE"));

    if (status != EXIT_DONE) {
        return status;
    }
    files = files_of(templates);
    if (!make_archive(files, &bytes)) {
        return output_error(NULL, argument_text(arguments, "output"), RMS_E_LIMIT);
    }
    return admin_write_out(arguments, &bytes);
}

/* --- reading a file ---------------------------------------------------------------------------------------
 */

struct reading {
    XML_Parser parser;
    int depth;
    char language[NAME_TEXT];
    json_t *texts; /* [{TemplateId, Name, Description}] */
    struct rms_buf text;
    const char *problem;
};

static void refuse(struct reading *in, const char *problem)
{
    in->problem = in->problem != NULL ? in->problem : problem;
    (void)XML_StopParser(in->parser, XML_FALSE);
}

static const char *attribute(const char **attributes, const char *name)
{
    for (; attributes[0] != NULL; attributes += 2) {
        if (strcmp(attributes[0], name) == 0) {
            return attributes[1];
        }
    }
    return NULL;
}

static void begin_file(struct reading *in, const char **attributes)
{
    const char *language = attribute(attributes, "language");

    if (language == NULL || strlen(language) >= sizeof in->language || language[0] == 0 ||
        language[strspn(language, "0123456789")] != 0) {
        refuse(in, _("\"language\" is not an LCID"));
        return;
    }
    (void)snprintf(in->language, sizeof in->language, "%s", language);
}

static void begin_template(struct reading *in, const char **attributes)
{
    const char *id = attribute(attributes, "id");

    if (id == NULL) {
        refuse(in, _("a template without \"id\""));
        return;
    }
    json_array_append_new(in->texts, json_pack("{s:s}", "TemplateId", id));
}

static void XMLCALL on_start(void *data, const char *name, const char **attributes)
{
    static const char *const names[][3] = {
        {"templates", NULL}, {"template", NULL}, {"name", "description", NULL}};
    struct reading *in = data;
    bool known = false;

    for (size_t i = 0; in->depth < 3 && i < 3 && names[in->depth][i] != NULL; i++) {
        known = known || strcmp(name, names[in->depth][i]) == 0;
    }
    if (!known) {
        refuse(in, _("an element that does not belong there"));
        return;
    }
    if (in->depth < 2) {
        (in->depth == 0 ? begin_file : begin_template)(in, attributes);
    }
    rms_buf_reset(&in->text);
    in->depth++;
}

static void XMLCALL on_text(void *data, const char *text, int len)
{
    struct reading *in = data;

    if (in->depth == 3) {
        rms_buf_append(&in->text, text, (size_t)len);
    }
}

static void XMLCALL on_end(void *data, const char *name)
{
    struct reading *in = data;
    json_t *row = json_array_get(in->texts, json_array_size(in->texts) - 1);

    in->depth--;
    if (in->depth == 2 && rms_buf_status(&in->text) == 0) {
        json_object_set_new(
            row, strcmp(name, "name") == 0 ? "Name" : "Description", text_json(rms_buf_text(&in->text)));
    } else if (in->depth == 1 && json_object_size(row) != 3) {
        refuse(in, _("a template without name or description"));
    }
}

static void XMLCALL on_doctype(
    void *data, const char *name, const char *system, const char *public, int has_subset)
{
    (void)name;
    (void)system;
    (void)public;
    (void)has_subset;
    refuse(data, _("a document type"));
}

static bool parse(struct reading *in, struct rms_view file, char *detail, size_t detail_size)
{
    XML_SetUserData(in->parser, in);
    XML_SetElementHandler(in->parser, on_start, on_end);
    XML_SetCharacterDataHandler(in->parser, on_text);
    XML_SetStartDoctypeDeclHandler(in->parser, on_doctype);
    if (XML_Parse(in->parser, (const char *)file.data, (int)file.len, 1) == XML_STATUS_OK) {
        return true;
    }
    (void)snprintf(detail, detail_size, _("line %lu: %s"),
        (unsigned long)XML_GetCurrentLineNumber(in->parser),
        in->problem != NULL ? in->problem : XML_ErrorString(XML_GetErrorCode(in->parser)));
    return false;
}

/* {"Language", "Texts"}; NULL with the problem. */
static json_t *read_texts(struct rms_view file, char *detail, size_t detail_size)
{
    struct reading in = {.parser = XML_ParserCreate("UTF-8"), .texts = json_array()};
    json_t *read = NULL;

    rms_buf_init(&in.text, TEXTS_MAX);
    if (in.parser != NULL && parse(&in, file, detail, detail_size)) {
        read = json_pack("{s:s,s:O}", "Language", in.language, "Texts", in.texts);
    }
    XML_ParserFree(in.parser);
    rms_buf_fini(&in.text);
    json_decref(in.texts);
    return read;
}

/* --- merging ----------------------------------------------------------------------------------------------
 */

/* An import under way: what templates say now, and which of them a file changed. */
struct import {
    const struct arguments *arguments;
    json_t *templates;
    json_t *changed; /* {TemplateId: template} */
};

static void import_fini(struct import *in)
{
    rms_json_free(&in->templates);
    rms_json_free(&in->changed);
}

static int import_begin(struct import *in)
{
    const struct admin_exchange get = {.method = "GET", .path = TEMPLATES};

    import_fini(in);
    in->changed = json_object();
    return admin_exchange(in->arguments, &get, &in->templates);
}

static json_t *find_template(const struct import *in, const char *id)
{
    json_t *template;
    size_t i;

    json_array_foreach(in->templates, i, template)
    {
        if (strcasecmp(rms_json_str(template, "TemplateId"), id) == 0) {
            return template;
        }
    }
    return NULL;
}

static bool put_text(json_t *template, const char *map, const char *language, const json_t *text)
{
    json_t *texts = json_object_get(template, map);
    bool differs = !json_equal(json_object_get(texts, language), (json_t *)text);

    if (differs) {
        json_object_set(texts, language, (json_t *)text);
    }
    return differs;
}

/* Languages and templates that the file does not name stay as they are. */
static int merge(struct import *in, const char *name, const json_t *read)
{
    const char *language = rms_json_str(read, "Language");
    const json_t *text;
    size_t i;

    json_array_foreach(json_object_get(read, "Texts"), i, text)
    {
        const char *id = rms_json_str(text, "TemplateId");
        json_t *template = find_template(in, id);

        if (template == NULL) {
            output_failure(name, &(struct failure){.code = RMS_E_NOT_FOUND, .detail = id});
            return EXIT_MISSING;
        }
        bool names = put_text(template, "Names", language, json_object_get(text, "Name"));
        bool descriptions =
            put_text(template, "Descriptions", language, json_object_get(text, "Description"));
        if (names || descriptions) {
            json_object_set(in->changed, id, template);
        }
    }
    return EXIT_DONE;
}

static int import_send(struct import *in)
{
    static const char *const members[] = {"TemplateId", "Version", "Names", "Descriptions"};
    json_t *RMS_JSON_CLEANUP body = json_pack("{s:[]}", "Templates");
    json_t *RMS_JSON_CLEANUP reply = NULL;
    const struct admin_exchange post = {.method = "POST", .path = TEMPLATES "/texts", .body = body};
    const char *id;
    json_t *template;

    json_object_foreach(in->changed, id, template)
    {
        json_t *row = json_object();

        for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
            json_object_set(row, members[i], json_object_get(template, members[i]));
        }
        json_array_append_new(json_object_get(body, "Templates"), row);
    }
    return json_object_size(in->changed) == 0 ? EXIT_DONE : admin_exchange(in->arguments, &post, &reply);
}

/* --- the archive ------------------------------------------------------------------------------------------
 */

static int refuse_file(const char *name, const char *detail)
{
    output_failure(name, &(struct failure){.code = RMS_E_BAD_ARGUMENT, .detail = detail});
    return EXIT_USAGE;
}

/* [{File, Language, Texts}], and an exit status for the first file that cannot be read. */
static int read_entry(zip_t *archive, zip_uint64_t index, json_t *files)
{
    struct rms_buf RMS_BUF_CLEANUP text = RMS_BUF_INIT(TEXTS_MAX);
    char chunk[16384];
    char detail[160] = "";
    const char *name = zip_get_name(archive, index, 0);
    zip_file_t *entry = zip_fopen_index(archive, index, 0);
    zip_int64_t count = -1;
    json_t *read;

    while (
        entry != NULL && (count = zip_fread(entry, chunk, sizeof chunk)) > 0 && rms_buf_status(&text) == 0) {
        rms_buf_append(&text, chunk, (size_t)count);
    }
    if (entry != NULL) {
        (void)zip_fclose(entry);
    }
    name = name != NULL ? name : "?";
    if (count != 0 || rms_buf_status(&text) != 0) {
        return refuse_file(name, _("damaged, or too large"));
    }
    read = read_texts(rms_buf_view(&text), detail, sizeof detail);
    if (read == NULL) {
        return refuse_file(name, detail);
    }
    json_object_set_new(read, "File", text_json(name));
    json_array_append_new(files, read);
    return EXIT_DONE;
}

static int read_entries(zip_t *archive, json_t *files)
{
    zip_int64_t count = zip_get_num_entries(archive, 0);
    int first = EXIT_DONE;

    if (count > FILES_MAX) {
        return refuse_file(NULL, _("too many files"));
    }
    for (zip_int64_t i = 0; i < count; i++) {
        int status = read_entry(archive, (zip_uint64_t)i, files);

        first = first != EXIT_DONE ? first : status;
    }
    return first;
}

static int read_archive(const char *path, json_t *files)
{
    struct rms_buf RMS_BUF_CLEANUP bytes = RMS_BUF_INIT(ARCHIVE_MAX);
    int code = rms_file_read(path, &bytes);
    zip_source_t *source;
    zip_t *archive;
    int status;

    if (code < 0) {
        return output_error(NULL, path, code);
    }
    source = zip_source_buffer_create(bytes.data, bytes.len, 0, NULL);
    archive = source != NULL ? zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, NULL) : NULL;
    if (archive == NULL) {
        zip_source_free(source);
        return refuse_file(path, _("not an archive"));
    }
    status = read_entries(archive, files);
    zip_discard(archive);
    return status;
}

/* --- import -----------------------------------------------------------------------------------------------
 */

static void note_file(json_t *rows, const json_t *file, const struct import *in)
{
    json_t *row = json_pack("{s:O,s:O,s:I}", "File", json_object_get(file, "File"), "Language",
        json_object_get(file, "Language"), "Changed", (json_int_t)json_object_size(in->changed));

    if (argument_flag(in->arguments, "what-if")) {
        json_object_set_new(row, "WhatIf", json_true());
    }
    json_array_append_new(rows, row);
}

/* Every file by itself: what is wrong with one does not keep the others. */
static int import_each(struct import *in, const json_t *files, json_t *rows)
{
    const json_t *file;
    int first = EXIT_DONE;
    size_t i;

    json_array_foreach((json_t *)files, i, file)
    {
        const char *name = rms_json_str(file, "File");
        int status = import_begin(in);

        status = status == EXIT_DONE ? merge(in, name, file) : status;
        status = status == EXIT_DONE ? import_send(in) : status;
        if (status == EXIT_DONE) {
            note_file(rows, file, in);
        } else {
            output_note(name, _("not imported"));
        }
        first = first != EXIT_DONE ? first : status;
    }
    return first;
}

static int import_atomic(struct import *in, const json_t *files, json_t *rows)
{
    const json_t *file;
    int status = import_begin(in);
    size_t i;

    json_array_foreach((json_t *)files, i, file)
    {
        status = status == EXIT_DONE ? merge(in, rms_json_str(file, "File"), file) : status;
        note_file(rows, file, in);
    }
    return status == EXIT_DONE ? import_send(in) : status;
}

int admin_template_texts_import(struct arguments *arguments)
{
    static const struct column columns[] = {
        {"FILE", "File"}, {"LANGUAGE", "Language"}, {"TEMPLATES CHANGED", "Changed"}, {NULL, NULL}};
    __attribute__((cleanup(import_fini))) struct import in = {.arguments = arguments};
    json_t *RMS_JSON_CLEANUP files = json_array();
    json_t *rows = json_array();
    bool atomic = argument_flag(arguments, "atomic");
    size_t count;
    int status = read_archive(argument_operands(arguments, &count)[0], files);
    int imported = EXIT_DONE;

    if (status == EXIT_DONE || !atomic) {
        imported = (atomic ? import_atomic : import_each)(&in, files, rows);
    }
    if (atomic && (status != EXIT_DONE || imported != EXIT_DONE)) {
        json_array_clear(rows);
        output_note(NULL, _("nothing was changed"));
    }
    if (argument_flag(arguments, "what-if") && !output_json()) {
        puts(_("Nothing was changed. Without --what-if:"));
    }
    output_list(rows, columns);
    return status != EXIT_DONE ? status : imported;
}
