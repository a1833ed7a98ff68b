// Document information and XMP of a clear PDF, changed by an incremental update.
extern "C" {
#include "format/pdf_info.h"
}
#include "format/pdf_qpdf.hh"

using namespace pdfio;

namespace {

constexpr size_t START_WINDOW = 1024; // "startxref" stands in the last bytes of a file

struct Update {
    std::map<int, std::pair<int, uint64_t>> places; // number: generation, offset
    std::string text;
    uint64_t base; // where text goes in the file

    void add(int number, int generation, const std::string &body)
    {
        places[number] = {generation, base + text.size()};
        text += std::to_string(number) + " " + std::to_string(generation) + " obj\n" + body + "\nendobj\n";
    }
};

QPDFObjectHandle packet_of(rms_qpdf *doc)
{
    QPDFObjectHandle stream = at(doc->pdf->getRoot(), {"/Metadata"});

    return stream.isStream() && stream.isIndirect() ? stream : QPDFObjectHandle::newNull();
}

QPDFObjectHandle new_info(rms_qpdf *doc, const rms_pdf_info *change)
{
    QPDFObjectHandle old = doc->pdf->getTrailer().getKey("/Info");
    QPDFObjectHandle info = QPDFObjectHandle::newDictionary();

    if (old.isDictionary()) {
        for (const auto &item : old.getDictAsMap()) {
            if (!change->replaced(item.first.c_str() + 1)) {
                info.replaceKey(item.first, item.second);
            }
        }
    }
    for (size_t i = 0; i < change->count; i++) {
        info.replaceKey("/" + std::string(change->entries[i].key),
            QPDFObjectHandle::newUnicodeString(change->entries[i].value));
    }
    return info;
}

// The last cross-reference section, and whether it is a table.
uint64_t last_section(const rms_reader *file, bool *is_table)
{
    size_t len = static_cast<size_t>(std::min<uint64_t>(START_WINDOW, file->size));
    std::string tail(len, '\0');
    std::string word(4, '\0');

    check(rms_reader_at(file, file->size - len, tail.data(), len));
    size_t place = tail.rfind("startxref");
    if (place == std::string::npos) {
        throw failure{RMS_E_DAMAGED};
    }
    uint64_t offset = strtoull(tail.c_str() + place + strlen("startxref"), nullptr, 10);
    check(rms_reader_at(file, offset, word.data(), word.size()));
    *is_table = word == "xref";
    return offset;
}

// What the trailer goes on saying.
QPDFObjectHandle new_trailer(QPDFObjectHandle old, int size, uint64_t previous)
{
    static const std::set<std::string> gone = {
        "/Type", "/Filter", "/DecodeParms", "/W", "/Index", "/Length", "/Prev", "/XRefStm", "/Size", "/Info"};
    QPDFObjectHandle trailer = QPDFObjectHandle::newDictionary();

    for (const auto &item : old.getDictAsMap()) {
        if (gone.count(item.first) == 0) {
            trailer.replaceKey(item.first, item.second);
        }
    }
    trailer.replaceKey("/Size", QPDFObjectHandle::newInteger(size));
    trailer.replaceKey("/Prev", QPDFObjectHandle::newInteger(static_cast<long long>(previous)));
    return trailer;
}

void add_table(Update &update, QPDFObjectHandle trailer)
{
    update.text += "xref\n";
    for (const auto &item : update.places) {
        char line[64];

        (void)snprintf(line, sizeof line, "%d 1\n%010llu %05d n \n", item.first,
            static_cast<unsigned long long>(item.second.second), item.second.first);
        update.text += line;
    }
    update.text += "trailer\n" + trailer.unparse() + "\n";
}

void add_stream(Update &update, QPDFObjectHandle trailer, int number)
{
    std::string rows;
    QPDFObjectHandle index = QPDFObjectHandle::newArray();

    update.places[number] = {0, update.base + update.text.size()};
    for (const auto &item : update.places) {
        rows += '\x01';
        for (int shift = 56; shift >= 0; shift -= 8) {
            rows += static_cast<char>(item.second.second >> shift);
        }
        rows += static_cast<char>(item.second.first >> 8);
        rows += static_cast<char>(item.second.first);
        index.appendItem(QPDFObjectHandle::newInteger(item.first));
        index.appendItem(QPDFObjectHandle::newInteger(1));
    }
    trailer.replaceKey("/Type", QPDFObjectHandle::newName("/XRef"));
    trailer.replaceKey("/W", QPDFObjectHandle::parse("[ 1 8 2 ]"));
    trailer.replaceKey("/Index", index);
    trailer.replaceKey("/Length", QPDFObjectHandle::newInteger(static_cast<long long>(rows.size())));
    update.text += std::to_string(number) + " 0 obj\n" + trailer.unparse() + "\nstream\n" + rows +
                   "\nendstream\nendobj\n";
}

void add_packet(Update &update, QPDFObjectHandle old, rms_view packet)
{
    update.add(old.getObjectID(), old.getGeneration(),
        "<< /Type /Metadata /Subtype /XML /Length " + std::to_string(packet.len) + " >>\nstream\n" +
            std::string(reinterpret_cast<const char *>(packet.data), packet.len) + "\nendstream");
}

int highest(rms_qpdf *doc)
{
    QPDFObjectHandle size = doc->pdf->getTrailer().getKey("/Size");
    int number = size.isInteger() ? size.getIntValueAsInt() - 1 : 0;

    for (const auto &entry : doc->pdf->getXRefTable()) {
        number = std::max(number, entry.first.getObj());
    }
    if (number < 0 || number > 8388606) {
        throw failure{RMS_E_LIMIT};
    }
    return number;
}

std::string update_text(rms_qpdf *doc, const rms_reader *file, const rms_pdf_info *change)
{
    Update update = {{}, "\n", file->size};
    QPDFObjectHandle metadata = packet_of(doc);
    int size = highest(doc) + 1;
    bool is_table;
    uint64_t previous = last_section(file, &is_table);
    QPDFObjectHandle fresh = new_info(doc, change);
    std::string body = fresh.unparse(); // before it may become an object of its own
    QPDFObjectHandle info = doc->pdf->getTrailer().getKey("/Info");

    if (!info.isIndirect() || !info.isDictionary()) {
        info = doc->pdf->makeIndirectObject(fresh);
    }
    update.add(info.getObjectID(), info.getGeneration(), body);
    if (change->packet.len > 0 && metadata.isStream()) {
        add_packet(update, metadata, change->packet);
    }
    size = std::max(size, info.getObjectID() + 1);
    size += is_table ? 0 : 1; // the section itself is an object
    QPDFObjectHandle trailer = new_trailer(doc->pdf->getTrailer(), size, previous);
    trailer.replaceKey("/Info", info);
    uint64_t section = file->size + update.text.size();
    if (is_table) {
        add_table(update, trailer);
    } else {
        add_stream(update, trailer, size - 1);
    }
    return update.text + "startxref\n" + std::to_string(section) + "\n%%EOF\n";
}

} // namespace

int rms_pdf_info_each(
    struct rms_qpdf *doc, int (*take)(void *context, const char *key, const char *value), void *context)
{
    return guarded([&] {
        QPDFObjectHandle info = doc->pdf->getTrailer().getKey("/Info");

        if (!info.isDictionary()) {
            return;
        }
        for (auto &item : info.getDictAsMap()) {
            if (item.second.isString()) {
                QPDFObjectHandle value = item.second;

                check(take(context, item.first.c_str() + 1, value.getUTF8Value().c_str()));
            }
        }
    });
}

int rms_pdf_info_packet(struct rms_qpdf *doc, struct rms_buf *out)
{
    return guarded([&] {
        QPDFObjectHandle stream = packet_of(doc);
        Bounded end(out);

        if (!stream.isStream()) {
            throw failure{RMS_E_NOT_FOUND};
        }
        if (!stream.pipeStreamData(&end, 0, qpdf_dl_generalized, true, false)) {
            throw failure{RMS_E_DAMAGED};
        }
    });
}

int rms_pdf_info_update(struct rms_qpdf *doc, const struct rms_reader *file,
    const struct rms_pdf_info *change, struct rms_buf *out)
{
    struct rms_qpdf_traits traits;

    RMS_TRY(rms_qpdf_examine(doc, &traits));
    if (traits.is_signed) {
        return RMS_E_SIGNED;
    }
    return guarded([&] {
        char head[5];

        check(rms_reader_at(file, 0, head, sizeof head));
        if (memcmp(head, "%PDF-", sizeof head) != 0 || doc->pdf->anyWarnings()) {
            throw failure{RMS_E_DAMAGED}; // offsets count from elsewhere, or qpdf guessed them
        }
        std::string text = update_text(doc, file, change);

        rms_buf_append(out, text.data(), text.size());
        check(rms_buf_status(out));
    });
}
