#include "format/html.h"

#include <libxml/HTMLparser.h>

#include "base/text.h"

static bool is_any(const xmlNode *node, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (node->name != NULL && rms_text_equal_nocase((const char *)node->name, *names)) {
            return true;
        }
    }
    return false;
}

static bool is_silent(const xmlNode *node)
{
    static const char *const names[] = {"head", "script", "style", "template", "object", "noscript", NULL};

    return node->type == XML_COMMENT_NODE || is_any(node, names);
}

static bool is_block(const xmlNode *node)
{
    static const char *const names[] = {"p", "div", "br", "tr", "li", "ul", "ol", "table", "blockquote",
        "pre", "hr", "h1", "h2", "h3", "h4", "h5", "h6", NULL};

    return node->type == XML_ELEMENT_NODE && is_any(node, names);
}

static void end_line(struct rms_buf *out)
{
    while (out->len > 0 && out->data[out->len - 1] == ' ') {
        rms_buf_truncate(out, out->len - 1);
    }
    if (out->len > 0 && out->data[out->len - 1] != '\n') {
        rms_buf_append_byte(out, '\n');
    }
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Runs of white space are one blank, but where lines are kept. */
static void add_text(const char *text, bool keep, struct rms_buf *out)
{
    for (; *text != '\0'; text++) {
        bool after_space = out->len == 0 || is_space((char)out->data[out->len - 1]);

        if (keep || !is_space(*text)) {
            rms_buf_append_byte(out, (uint8_t)*text);
        } else if (!after_space) {
            rms_buf_append_byte(out, ' ');
        }
    }
}

static bool inside_pre(const xmlNode *node)
{
    static const char *const names[] = {"pre", NULL};

    return node->parent != NULL && node->parent->type == XML_ELEMENT_NODE && is_any(node->parent, names);
}

/* The next node in order of the text, without going into skipped ones. */
static const xmlNode *after(const xmlNode *node, const xmlNode *root, struct rms_buf *out)
{
    while (node != root && node->next == NULL) {
        node = node->parent;
        if (node != NULL && is_block(node)) {
            end_line(out);
        }
        if (node == NULL) {
            return NULL;
        }
    }
    return node == root ? NULL : node->next;
}

static void walk(const xmlNode *root, struct rms_buf *out)
{
    const xmlNode *node = root;

    while (node != NULL) {
        bool enter = !is_silent(node) && node->type == XML_ELEMENT_NODE && node->children != NULL;

        if (is_block(node)) {
            end_line(out);
        }
        if (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) {
            add_text((const char *)node->content, inside_pre(node), out);
        }
        node = enter ? node->children : after(node, root, out);
    }
    end_line(out);
}

int rms_html_text(struct rms_view html, struct rms_buf *out)
{
    xmlDoc *page;

    if (html.len > RMS_HTML_MAX) {
        return RMS_E_LIMIT;
    }
    if (html.len == 0) {
        return 0;
    }
    page = htmlReadMemory((const char *)html.data, (int)html.len, NULL, "UTF-8",
        HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET);
    if (page == NULL) {
        return RMS_E_DAMAGED;
    }
    if (xmlDocGetRootElement(page) != NULL) {
        walk(xmlDocGetRootElement(page), out);
    }
    xmlFreeDoc(page);
    return rms_buf_status(out);
}
