// Writing PDF by qpdf, encrypted and clear, behind a C interface (pdf_qpdf.h).
#include "format/pdf_qpdf.hh"

using namespace pdfio;

namespace {

// Streams as they are, no object streams, no compression: qpdf changes nothing but the numbers.
void write_plainly(QPDF &pdf, Sink &sink, bool version_2)
{
    QPDFWriter writer(pdf);

    writer.setOutputPipeline(&sink);
    writer.setStreamDataMode(qpdf_s_preserve);
    writer.setObjectStreamMode(qpdf_o_disable);
    writer.setPreserveEncryption(false);
    if (version_2) {
        writer.setMinimumPDFVersion("2.0");
    }
    writer.write();
}

using change = std::function<std::string(std::string)>;

// Changes every string that stands directly in the object.
void change_strings(QPDFObjectHandle node, const change &how, size_t depth)
{
    auto visit = [&](QPDFObjectHandle item, const std::function<void(QPDFObjectHandle)> &put) {
        if (item.isIndirect()) {
            return;
        }
        if (item.isString()) {
            put(QPDFObjectHandle::newString(how(item.getStringValue())));
        } else if (item.isArray() || item.isDictionary()) {
            change_strings(item, how, depth + 1);
        }
    };

    if (depth > DEPTH_MAX) {
        throw failure{RMS_E_LIMIT};
    }
    if (node.isArray()) {
        for (int i = 0; i < node.getArrayNItems(); i++) {
            visit(node.getArrayItem(i), [&](QPDFObjectHandle value) { node.setArrayItem(i, value); });
        }
    } else if (node.isDictionary()) {
        for (const std::string &key : node.getKeys()) {
            visit(node.getKey(key), [&](QPDFObjectHandle value) { node.replaceKey(key, value); });
        }
    }
}

void change_object(QPDF &pdf, QPDFObjectHandle object, const change &how)
{
    if (object.isString()) {
        pdf.replaceObject(object.getObjGen(), QPDFObjectHandle::newString(how(object.getStringValue())));
    } else {
        change_strings(object.isStream() ? object.getDict() : object, how, 0);
    }
}

// Replaces the data of a stream, as they are stored, by those of the same stream in another copy of the
// document, changed, when they are asked for.
void change_stream(
    QPDFObjectHandle stream, std::shared_ptr<QPDF> from, std::function<void(Pipeline *, Buffer &)> how)
{
    QPDFObjGen id = stream.getObjGen();

    stream.replaceStreamData(
        [from, id, how](Pipeline *out) {
            auto raw = from->getObject(id).getRawStreamData();

            how(out, *raw);
            out->finish();
        },
        QPDFObjectHandle(), QPDFObjectHandle());
    stream.setFilterOnWrite(false);
}

// --- encrypting
// ------------------------------------------------------------------------------------------------

// What is not needed to show the document is carried in what restores it; nothing stays in clear here.
void tidy_trailer(QPDF &pdf)
{
    QPDFObjectHandle trailer = pdf.getTrailer();
    QPDFObjectHandle id = trailer.getKey("/ID");

    for (const std::string &key : trailer.getKeys()) {
        if (key != "/Root" && key != "/Info" && key != "/ID" && key != "/Size") {
            trailer.removeKey(key);
        }
    }
    for (const char *key : {"/Root", "/Info"}) {
        if (trailer.hasKey(key) && !trailer.getKey(key).isIndirect()) {
            trailer.replaceKey(key, pdf.makeIndirectObject(trailer.getKey(key)));
        }
    }
    if (!id.isArray() || id.getArrayNItems() < 1 || !id.getArrayItem(0).isString() ||
        id.getArrayItem(0).getStringValue().size() > ID_MAX) {
        trailer.removeKey("/ID");
    }
}

void seal_objects(QPDF &pdf, std::shared_ptr<QPDF> from, const rms_qpdf_write *job)
{
    auto string = [job](std::string clear) {
        return sealed(job->cipher, reinterpret_cast<const unsigned char *>(clear.data()), clear.size());
    };

    for (QPDFObjectHandle object : pdf.getAllObjects()) {
        if (is_structure(object)) {
            continue;
        }
        change_object(pdf, object, string);
        if (!object.isStream()) {
            continue;
        }
        if (first_filter_is_crypt(object)) {
            throw failure{RMS_E_UNSUPPORTED};
        }
        change_stream(object, from, [job](Pipeline *out, Buffer &raw) {
            out->writeString(sealed(job->cipher, raw.getBuffer(), raw.getSize()));
        });
    }
}

QPDFObjectHandle name(const char *text)
{
    return QPDFObjectHandle::newName(text);
}

void add_original(QPDF &pdf, const rms_qpdf_write *job)
{
    std::string packed;
    std::vector<QPDFObjectHandle> spans;
    QPDFObjectHandle stream = pdf.newStream();
    rms_buf out = RMS_BUF_INIT(SIZE_MAX);
    Bounded end(&out);
    Pl_Flate flate("pack", &end, Pl_Flate::a_deflate);
    int status = guarded([&] {
        flate.write(const_cast<unsigned char *>(job->original.data), job->original.len);
        flate.finish();
        packed = sealed(job->cipher, out.data, out.len);
    });

    rms_buf_fini(&out);
    check(status);
    for (size_t i = 0; i < job->span_count; i++) {
        spans.push_back(pdf.getObject(job->spans[i].object, job->spans[i].generation));
    }
    stream.replaceStreamData(packed, name("/FlateDecode"), QPDFObjectHandle::newNull());
    stream.setFilterOnWrite(false);
    stream.getDict().replaceKey("/Streams", QPDFObjectHandle::newArray(spans));
    pdf.getRoot().replaceKey(ORIGINAL_KEY, stream);
}

void add_encryption(QPDF &pdf, rms_view licence)
{
    QPDFObjectHandle filter = QPDFObjectHandle::newDictionary();
    QPDFObjectHandle filters = QPDFObjectHandle::newDictionary();
    QPDFObjectHandle dict = QPDFObjectHandle::newDictionary();

    filter.replaceKey("/Type", name("/CryptFilter"));
    filter.replaceKey("/CFM", name("/None"));
    filters.replaceKey("/" FILTER, filter);
    dict.replaceKey("/Filter", name("/" FILTER));
    dict.replaceKey("/V", QPDFObjectHandle::newInteger(5));
    dict.replaceKey("/CF", filters);
    dict.replaceKey("/StmF", name("/" FILTER));
    dict.replaceKey("/StrF", name("/" FILTER));
    dict.replaceKey("/MicrosoftIRMVersion", QPDFObjectHandle::newInteger(2));
    dict.replaceKey("/EncryptMetadata", QPDFObjectHandle::newBool(true));
    dict.replaceKey("/PublishingLicense",
        QPDFObjectHandle::newString(std::string(reinterpret_cast<const char *>(licence.data), licence.len)));
    pdf.getTrailer().replaceKey(HIDDEN_KEY, pdf.makeIndirectObject(dict));
}

// --- decrypting
// ------------------------------------------------------------------------------------------------

bool is_encrypted(const rms_qpdf *doc, QPDFObjectHandle stream)
{
    return !first_filter_is_crypt(stream) &&
           !(doc->clear_metadata && stream.getDict().isDictionaryOfType("/Metadata"));
}

void unseal_objects(rms_qpdf *doc, rms_qpdf *from)
{
    auto table = doc->pdf->getXRefTable();
    QPDFObjGen dictionary = doc->pdf->getTrailer().getKey(HIDDEN_KEY).getObjGen();
    rms_content_cipher *cipher = doc->cipher;
    auto string = [cipher](std::string stored) {
        rms_view clear = unsealed(cipher, reinterpret_cast<unsigned char *>(stored.data()), stored.size());

        return std::string(reinterpret_cast<const char *>(clear.data), clear.len);
    };

    for (QPDFObjectHandle object : doc->pdf->getAllObjects()) {
        QPDFObjGen id = object.getObjGen();
        auto entry = table.find(id);

        if (id == dictionary || is_structure(object) || entry == table.end() ||
            entry->second.getType() != 1) {
            continue;
        }
        change_object(*doc->pdf, object, string);
        if (object.isStream() && is_encrypted(doc, object)) {
            change_stream(object, from->pdf, [cipher](Pipeline *out, Buffer &raw) {
                rms_view clear = unsealed(cipher, raw.getBuffer(), raw.getSize());

                out->write(clear.data, clear.len);
            });
        }
    }
    doc->pdf->getTrailer().removeKey(HIDDEN_KEY);
}

} // namespace

// --- the interface
// ---------------------------------------------------------------------------------------------

int rms_qpdf_write_encrypted(struct rms_qpdf *doc, const struct rms_qpdf_write *job, uint64_t *len_out)
{
    *len_out = 0;
    return guarded([&] {
        auto from = new_pdf();
        Sink sink(job->out, job->offset);

        from->processInputSource(doc->source);
        tidy_trailer(*doc->pdf);
        seal_objects(*doc->pdf, from, job);
        add_original(*doc->pdf, job);
        add_encryption(*doc->pdf, job->licence);
        write_plainly(*doc->pdf, sink, true);
        sink.show_encryption();
        *len_out = sink.finish_file();
    });
}

int rms_qpdf_write_clear(
    struct rms_qpdf *doc, const struct rms_writer *out, uint64_t offset, uint64_t *len_out)
{
    *len_out = 0;
    return guarded([&] {
        rms_qpdf from;
        Sink sink(out, offset);

        from.pdf = new_pdf();
        from.pdf->processInputSource(doc->source);
        unseal_objects(doc, &from);
        write_plainly(*doc->pdf, sink, false);
        *len_out = sink.finish_file();
    });
}
