// Reading PDF by qpdf, behind a C interface (pdf_qpdf.h).
#include "format/pdf_qpdf.hh"

namespace pdfio {

std::shared_ptr<QPDF> new_pdf()
{
    auto pdf = std::make_shared<QPDF>();

    pdf->setSuppressWarnings(true);
    return pdf;
}

bool is_structure(QPDFObjectHandle object)
{
    return object.isStream() &&
           (object.getDict().isDictionaryOfType("/XRef") || object.getDict().isDictionaryOfType("/ObjStm"));
}

bool first_filter_is_crypt(QPDFObjectHandle stream)
{
    QPDFObjectHandle filter = stream.getDict().getKey("/Filter");

    if (filter.isArray() && filter.getArrayNItems() > 0) {
        filter = filter.getArrayItem(0);
    }
    return filter.isNameAndEquals("/Crypt");
}

QPDFObjectHandle at(QPDFObjectHandle node, std::initializer_list<const char *> path)
{
    for (const char *key : path) {
        node = node.isDictionary() ? node.getKey(key) : QPDFObjectHandle::newNull();
    }
    return node;
}

} // namespace pdfio

using namespace pdfio;

namespace {

QPDFObjectHandle root_of(const rms_qpdf *doc)
{
    return doc->pdf->getTrailer().getKey("/Root");
}

bool has_signature(QPDFObjectHandle node, size_t depth)
{
    if (depth > DEPTH_MAX) {
        throw failure{RMS_E_LIMIT};
    }
    if (node.isDictionary()) {
        if (node.hasKey("/ByteRange") && node.hasKey("/Contents")) {
            return true;
        }
        for (const auto &item : node.getDictAsMap()) {
            if (!item.second.isIndirect() && has_signature(item.second, depth + 1)) {
                return true;
            }
        }
    } else if (node.isArray()) {
        for (auto &item : node.getArrayAsVector()) {
            if (!item.isIndirect() && has_signature(item, depth + 1)) {
                return true;
            }
        }
    }
    return false;
}

// --- decrypting
// ------------------------------------------------------------------------------------------------

// Object streams are encrypted as a whole. qpdf reads them when it needs them, so what it sees must be clear:
// blanks fill the place that the encryption took.
bool unlock_object_streams(rms_qpdf *doc, Source &source)
{
    std::set<int> numbers;

    for (const auto &entry : doc->pdf->getXRefTable()) {
        if (entry.second.getType() == 2) {
            numbers.insert(entry.second.getObjStreamNumber());
        }
    }
    for (int number : numbers) {
        QPDFObjectHandle stream = doc->pdf->getObject(number, 0);

        if (!stream.isStream() || first_filter_is_crypt(stream)) {
            continue;
        }
        auto raw = stream.getRawStreamData();
        uint64_t offset = static_cast<uint64_t>(stream.getParsedOffset());
        size_t stored = raw->getSize();

        if (stream.getParsedOffset() <= 0 || !source.holds(offset, stored)) {
            throw failure{RMS_E_DAMAGED};
        }
        rms_view clear = unsealed(doc->cipher, raw->getBuffer(), stored);
        std::string bytes(reinterpret_cast<const char *>(clear.data), clear.len);

        bytes.resize(stored, ' ');
        source.replace(offset, bytes);
    }
    return !numbers.empty();
}

void unlock(rms_qpdf *doc)
{
    auto source = doc->source;
    int status;

    source->hide_encryption();
    // The catalogue may be in an object stream, and so not yet readable; the table of objects is.
    status = guarded([&] { doc->pdf->processInputSource(source); });
    if (unlock_object_streams(doc, *source)) {
        doc->pdf = new_pdf();
        doc->pdf->processInputSource(source);
    } else {
        check(status);
    }
    doc->clear_metadata = false;
    QPDFObjectHandle metadata = at(doc->pdf->getTrailer(), {HIDDEN_KEY, "/EncryptMetadata"});
    doc->clear_metadata = metadata.isBool() && !metadata.getBoolValue();
}

// --- recognising
// -----------------------------------------------------------------------------------------------

bool is_whole(QPDFObjectHandle number)
{
    return number.isInteger() && number.getIntValue() >= 0;
}

unsigned version_of(QPDFObjectHandle number, unsigned otherwise)
{
    long long value = number.isInteger() ? number.getIntValue() : otherwise;

    return value <= 1 ? 1 : (value > 255 ? 255 : static_cast<unsigned>(value));
}

QPDFObjectHandle embedded(const rms_qpdf *doc)
{
    QPDFObjectHandle files = at(root_of(doc), {"/AF"});
    QPDFObjectHandle file =
        files.isArray() && files.getArrayNItems() > 0 ? files.getArrayItem(0) : QPDFObjectHandle::newNull();

    return at(file, {"/AFRelationship"}).isNameAndEquals("/EncryptedPayload") ? file
                                                                              : QPDFObjectHandle::newNull();
}

void find_old_wrapper(const rms_qpdf *doc, QPDFObjectHandle wrapper, rms_qpdf_found *found)
{
    QPDFObjectHandle end = doc->pdf->getTrailer().getKey("/WrapperOffset");

    if (!at(wrapper, {"/Type"}).isNameAndEquals("/" FILTER)) {
        return;
    }
    if (!is_whole(end) || !doc->source->holds(0, static_cast<uint64_t>(end.getIntValue()))) {
        throw failure{RMS_E_DAMAGED};
    }
    *found = {RMS_QPDF_WRAPPER, 1, true, 0, static_cast<uint64_t>(end.getIntValue())};
}

void find_embedded(const rms_qpdf *doc, QPDFObjectHandle file, rms_qpdf_found *found)
{
    QPDFObjectHandle stream = at(file, {"/EF", "/F"});

    if (!at(file, {"/EP", "/Subtype"}).isNameAndEquals("/" FILTER)) {
        return;
    }
    if (!stream.isStream()) {
        throw failure{RMS_E_DAMAGED};
    }
    QPDFObjectHandle length = stream.getDict().getKey("/Length");

    *found = {RMS_QPDF_WRAPPER, version_of(at(file, {"/EP", "/Version"}), 2), false, 0, 0};
    if (!stream.getDict().hasKey("/Filter") && stream.getParsedOffset() > 0 && is_whole(length) &&
        doc->source->holds(
            static_cast<uint64_t>(stream.getParsedOffset()), static_cast<uint64_t>(length.getIntValue()))) {
        found->in_place = true;
        found->offset = static_cast<uint64_t>(stream.getParsedOffset());
        found->len = static_cast<uint64_t>(length.getIntValue());
    }
}

void find(const rms_qpdf *doc, rms_qpdf_found *found)
{
    QPDFObjectHandle trailer = doc->pdf->getTrailer();
    QPDFObjectHandle filter = at(trailer, {HIDDEN_KEY, "/Filter"});
    QPDFObjectHandle wrapper = trailer.getKey("/Wrapper");
    QPDFObjectHandle file = embedded(doc);

    *found = {RMS_QPDF_PLAIN, 0, false, 0, 0};
    // A wrapper is clear, so what is encrypted is none, whatever its catalogue says.
    if (filter.isName() && strcasecmp(filter.getName().c_str(), "/" FILTER) == 0) {
        *found = {
            RMS_QPDF_BARE, version_of(at(trailer, {HIDDEN_KEY, "/MicrosoftIRMVersion"}), 1), true, 0, 0};
    } else if (!wrapper.isNull()) {
        find_old_wrapper(doc, wrapper, found);
    } else if (!file.isNull()) {
        find_embedded(doc, file, found);
    }
}

std::vector<rms_qpdf_span> spans_of(rms_qpdf *doc)
{
    std::vector<rms_qpdf_span> spans;
    std::vector<rms_qpdf_span> apart;

    for (QPDFObjectHandle object : doc->pdf->getAllObjects()) {
        if (!object.isStream() || is_structure(object) || object.getParsedOffset() <= 0) {
            continue;
        }
        auto raw = object.getRawStreamData();
        uint64_t offset = static_cast<uint64_t>(object.getParsedOffset());

        if (raw->getSize() >= SPAN_MIN && doc->source->holds(offset, raw->getSize()) &&
            doc->source->bytes(offset, raw->getSize())
                    .compare(0, raw->getSize(), reinterpret_cast<char *>(raw->getBuffer()), raw->getSize()) ==
                0) {
            spans.push_back({offset, raw->getSize(), object.getObjectID(), object.getGeneration()});
        }
    }
    std::sort(spans.begin(), spans.end(),
        [](const rms_qpdf_span &a, const rms_qpdf_span &b) { return a.offset < b.offset; });
    for (const rms_qpdf_span &span : spans) {
        if (apart.empty() || span.offset >= apart.back().offset + apart.back().len) {
            apart.push_back(span);
        }
    }
    return apart;
}

} // namespace

// --- the interface
// ---------------------------------------------------------------------------------------------

int rms_qpdf_open(const struct rms_reader *file, enum rms_qpdf_view view, struct rms_qpdf **doc_out)
{
    *doc_out = nullptr;
    return guarded([&] {
        auto doc = std::make_unique<rms_qpdf>();

        doc->source = std::make_shared<Source>(file);
        doc->pdf = new_pdf();
        if (view == RMS_QPDF_PROTECTED) {
            doc->source->hide_encryption();
        }
        doc->pdf->processInputSource(doc->source);
        if (doc->pdf->isEncrypted()) {
            throw failure{RMS_E_PASSWORD};
        }
        *doc_out = doc.release();
    });
}

void rms_qpdf_close(struct rms_qpdf **doc)
{
    delete *doc;
    *doc = nullptr;
}

int rms_qpdf_examine(struct rms_qpdf *doc, struct rms_qpdf_traits *out)
{
    *out = {};
    return guarded([&] {
        QPDFObjectHandle root = doc->pdf->getRoot();
        QPDFObjectHandle form = root.getKey("/AcroForm");
        QPDFObjectHandle flags = at(form, {"/SigFlags"});
        QPDFObjectHandle fields = at(form, {"/Fields"});
        QPDFObjectHandle rendering = root.getKey("/NeedsRendering");

        out->is_signed = (flags.isInteger() && (flags.getIntValue() & 1) != 0);
        out->has_form = (fields.isArray() && fields.getArrayNItems() > 0) || !at(form, {"/XFA"}).isNull();
        out->dynamic_form = at(form, {"/XFA"}).isArray() && rendering.isBool() && rendering.getBoolValue();
        for (QPDFObjectHandle object : doc->pdf->getAllObjects()) {
            out->is_signed = out->is_signed || has_signature(object, 0);
        }
    });
}

int rms_qpdf_spans(struct rms_qpdf *doc, struct rms_qpdf_span **spans_out, size_t *count_out)
{
    *spans_out = nullptr;
    *count_out = 0;
    return guarded([&] {
        std::vector<rms_qpdf_span> spans = spans_of(doc);

        *spans_out = static_cast<rms_qpdf_span *>(rms_calloc(spans.size() + 1, sizeof **spans_out));
        if (*spans_out == nullptr) {
            throw failure{RMS_E_NO_MEMORY};
        }
        std::copy(spans.begin(), spans.end(), *spans_out);
        *count_out = spans.size();
    });
}

int rms_qpdf_find(struct rms_qpdf *doc, struct rms_qpdf_found *found_out)
{
    return guarded([&] { find(doc, found_out); });
}

int rms_qpdf_payload(struct rms_qpdf *doc, struct rms_buf *out)
{
    return guarded([&] {
        QPDFObjectHandle stream = at(embedded(doc), {"/EF", "/F"});
        Bounded end(out);

        if (!stream.isStream() || !stream.pipeStreamData(&end, 0, qpdf_dl_generalized, true, false)) {
            throw failure{RMS_E_DAMAGED};
        }
    });
}

int rms_qpdf_seal(struct rms_qpdf *doc, struct rms_buf *out)
{
    return guarded([&] {
        QPDFObjectHandle seal = at(embedded(doc), {"/EP", "/OpenRMSSeal"});
        std::string bytes = seal.isString() ? seal.getStringValue() : std::string();

        if (bytes.size() <= out->max) {
            rms_buf_append(out, bytes.data(), bytes.size());
            check(rms_buf_status(out));
        }
    });
}

int rms_qpdf_licence(struct rms_qpdf *doc, struct rms_buf *out)
{
    return guarded([&] {
        QPDFObjectHandle licence = at(doc->pdf->getTrailer(), {HIDDEN_KEY, "/PublishingLicense"});

        if (!licence.isString()) {
            throw failure{RMS_E_DAMAGED};
        }
        std::string bytes = licence.getStringValue();

        rms_buf_append(out, bytes.data(), bytes.size());
        check(rms_buf_status(out));
    });
}

int rms_qpdf_inflate(struct rms_view packed, struct rms_buf *out)
{
    return guarded([&] {
        Bounded end(out);
        Pl_Flate flate("unpack", &end, Pl_Flate::a_inflate);

        flate.write(const_cast<unsigned char *>(packed.data), packed.len);
        flate.finish();
    });
}

int rms_qpdf_unlock(
    const struct rms_reader *file, struct rms_content_cipher *cipher, struct rms_qpdf **doc_out)
{
    *doc_out = nullptr;
    return guarded([&] {
        auto doc = std::make_unique<rms_qpdf>();

        doc->source = std::make_shared<Source>(file);
        doc->pdf = new_pdf();
        doc->cipher = cipher;
        unlock(doc.get());
        *doc_out = doc.release();
    });
}

int rms_qpdf_original(struct rms_qpdf *doc, struct rms_buf *out)
{
    return guarded([&] {
        QPDFObjectHandle stream = at(root_of(doc), {ORIGINAL_KEY});

        if (!stream.isStream()) {
            throw failure{RMS_E_NOT_FOUND};
        }
        auto raw = stream.getRawStreamData();

        check(rms_qpdf_inflate(unsealed(doc->cipher, raw->getBuffer(), raw->getSize()), out));
    });
}

int rms_qpdf_span_data(struct rms_qpdf *doc, size_t index,
    int (*take)(void *context, const uint8_t *data, size_t len), void *context)
{
    return guarded([&] {
        QPDFObjectHandle original = at(root_of(doc), {ORIGINAL_KEY});
        QPDFObjectHandle spans =
            original.isStream() ? original.getDict().getKey("/Streams") : QPDFObjectHandle::newNull();

        if (!spans.isArray() || index >= static_cast<size_t>(spans.getArrayNItems()) ||
            !spans.getArrayItem(static_cast<int>(index)).isStream()) {
            throw failure{RMS_E_DAMAGED};
        }
        auto raw = spans.getArrayItem(static_cast<int>(index)).getRawStreamData();
        rms_view clear = unsealed(doc->cipher, raw->getBuffer(), raw->getSize());

        check(take(context, clear.data, clear.len));
    });
}
