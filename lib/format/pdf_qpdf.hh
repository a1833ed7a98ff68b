// What the files that call qpdf share: exceptions into codes, encrypted items, bytes in and out.
#ifndef RMS_FORMAT_PDF_QPDF_HH
#define RMS_FORMAT_PDF_QPDF_HH

#define POINTERHOLDER_TRANSITION 4
#include <qpdf/Buffer.hh>
#include <qpdf/InputSource.hh>
#include <qpdf/Pipeline.hh>
#include <qpdf/Pl_Flate.hh>
#include <qpdf/QPDF.hh>
#include <qpdf/QPDFExc.hh>
#include <qpdf/QPDFObjectHandle.hh>
#include <qpdf/QPDFWriter.hh>
#include <qpdf/QPDFXRefEntry.hh>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <strings.h>
#include <vector>

extern "C" {
#include "base/mem.h"
#include "format/pdf_qpdf.h"
}

#define FILTER       "MicrosoftIRMServices"
#define HIDDEN_KEY   "/Encrypz" // stands for /Encrypt while qpdf reads or writes: of the same length
#define ORIGINAL_KEY "/XXOpenRMS_Original"

namespace pdfio {

constexpr size_t KEY_LEN = sizeof HIDDEN_KEY - 1;
constexpr size_t HIDDEN_MAX = 4096;   // incremental updates of a document
constexpr size_t DEPTH_MAX = 600;     // qpdf's own limit is 500
constexpr size_t SPAN_MIN = 64;       // shorter ones are cheaper as they are
constexpr size_t PIECE = 1024 * 1024; // of the output
constexpr size_t TAIL = 4096;         // the trailer is in it
constexpr size_t LENGTH_BYTES = 4;    // in front of each encrypted item
constexpr size_t AES_BLOCK = 16;
constexpr size_t PROGRESSIVE = 64u << 20; // longer streams need not tell their length right
constexpr size_t ID_MAX = 64;

struct failure {
    int code;
};

inline void check(int code)
{
    if (code != 0) {
        throw failure{code};
    }
}

inline int code_of(const QPDFExc &error)
{
    switch (const_cast<QPDFExc &>(error).getErrorCode()) {
    case qpdf_e_password:
        return RMS_E_PASSWORD;
    case qpdf_e_unsupported:
        return RMS_E_UNSUPPORTED;
    default:
        return RMS_E_DAMAGED;
    }
}

// Runs it and turns what is thrown into a code.
template <typename F> int guarded(F action) noexcept
{
    try {
        action();
        return 0;
    } catch (const failure &error) {
        return error.code;
    } catch (const QPDFExc &error) {
        return code_of(error);
    } catch (const std::bad_alloc &) {
        return RMS_E_NO_MEMORY;
    } catch (...) {
        return RMS_E_DAMAGED;
    }
}

// --- items
// ---------------------------------------------------------------------------------------------------

// An item is its length, big-endian, then its bytes (protected-file-formats 7.2).
inline std::string sealed(rms_content_cipher *cipher, const unsigned char *data, size_t len)
{
    size_t plain = len + LENGTH_BYTES;
    std::string room(plain + 2 * AES_BLOCK, '\0');
    uint8_t *bytes = reinterpret_cast<uint8_t *>(room.data());
    size_t out_len;

    if (len > UINT32_MAX) {
        throw failure{RMS_E_LIMIT};
    }
    for (size_t i = 0; i < LENGTH_BYTES; i++) {
        bytes[i] = static_cast<uint8_t>(len >> (8 * (LENGTH_BYTES - 1 - i)));
    }
    if (len > 0) {
        memcpy(bytes + LENGTH_BYTES, data, len);
    }
    if (rms_content_cipher_mode(cipher) != RMS_MODE_CBC4K) {
        plain = (plain + AES_BLOCK - 1) / AES_BLOCK * AES_BLOCK;
    }
    check(rms_content_encrypt(cipher, 0, bytes, plain, true, bytes, &out_len));
    room.resize(out_len);
    return room;
}

// In place; the clear bytes are what is returned.
inline rms_view unsealed(rms_content_cipher *cipher, unsigned char *data, size_t len)
{
    size_t all;
    size_t told = 0;

    if (len == 0) {
        return rms_view{data, 0};
    }
    check(rms_content_decrypt(cipher, 0, data, len, true, data, &all));
    if (all < LENGTH_BYTES) {
        throw failure{RMS_E_DAMAGED};
    }
    for (size_t i = 0; i < LENGTH_BYTES; i++) {
        told = told << 8 | data[i];
    }
    all -= LENGTH_BYTES;
    if (len > PROGRESSIVE && told != all) {
        told = all;
    }
    if (told > all ||
        (rms_content_cipher_mode(cipher) == RMS_MODE_CBC4K ? told != all : all - told >= 2 * AES_BLOCK)) {
        throw failure{RMS_E_DAMAGED};
    }
    return rms_view{data + LENGTH_BYTES, told};
}

// --- bytes in and out
// ------------------------------------------------------------------------------------------

// The file, with some of its bytes replaced by others. What replaces is no longer than what was there.
class Source : public InputSource {
  public:
    explicit Source(const rms_reader *reader) : reader_(*reader), name_("pdf")
    {
    }

    // Lets qpdf see no encryption dictionary. Names of which it is only the beginning stay.
    void hide_encryption()
    {
        std::string window;
        uint64_t at = 0;

        while (at < reader_.size) {
            size_t len = static_cast<size_t>(std::min<uint64_t>(PIECE, reader_.size - at));

            window.resize(len);
            check(rms_reader_at(&reader_, at, window.data(), len));
            hide_in(window, at);
            if (at + len == reader_.size) {
                break;
            }
            at += len - KEY_LEN; // a key across the border is seen whole next time
        }
    }

    void replace(uint64_t offset, std::string bytes)
    {
        patches_[offset] = std::move(bytes);
    }

    bool holds(uint64_t offset, uint64_t len) const
    {
        return offset <= reader_.size && len <= reader_.size - offset;
    }

    std::string bytes(uint64_t offset, size_t len) const
    {
        std::string out(len, '\0');

        check(rms_reader_at(&reader_, offset, out.data(), len));
        return out;
    }

    qpdf_offset_t findAndSkipNextEOL() override
    {
        char piece[1024];
        bool found = false;
        size_t len;

        while ((len = read(piece, sizeof piece)) > 0) {
            for (size_t i = 0; i < len; i++) {
                bool end = piece[i] == '\r' || piece[i] == '\n';

                if (found && !end) {
                    position_ -= len - i;
                    return static_cast<qpdf_offset_t>(position_);
                }
                if (end && !found) {
                    found = true;
                    end_ = position_ - len + i;
                }
            }
        }
        return static_cast<qpdf_offset_t>(found ? end_ : position_);
    }

    std::string const &getName() const override
    {
        return name_;
    }

    qpdf_offset_t tell() override
    {
        return static_cast<qpdf_offset_t>(position_);
    }

    void seek(qpdf_offset_t offset, int whence) override
    {
        qpdf_offset_t from = whence == SEEK_SET   ? 0
                             : whence == SEEK_END ? static_cast<qpdf_offset_t>(reader_.size)
                                                  : tell();

        if (__builtin_add_overflow(from, offset, &from) || from < 0) {
            throw failure{RMS_E_DAMAGED};
        }
        position_ = static_cast<uint64_t>(from);
    }

    void rewind() override
    {
        position_ = 0;
    }

    size_t read(char *into, size_t length) override
    {
        uint64_t left = position_ < reader_.size ? reader_.size - position_ : 0;

        last_offset = static_cast<qpdf_offset_t>(position_);
        if (length > left) {
            length = static_cast<size_t>(left);
        }
        if (length == 0) {
            return 0;
        }
        check(rms_reader_at(&reader_, position_, into, length));
        lay_over(into, length);
        position_ += length;
        return length;
    }

    void unreadCh(char) override
    {
        position_ -= position_ > 0 ? 1 : 0;
    }

  private:
    void hide_in(const std::string &window, uint64_t at)
    {
        static const std::string key = "/Encrypt";
        size_t place = window.find(key);

        while (place != std::string::npos) {
            size_t next = place + key.size();

            if (next < window.size() && is_end(window[next])) {
                patches_[at + place] = HIDDEN_KEY;
                if (patches_.size() > HIDDEN_MAX) {
                    throw failure{RMS_E_LIMIT};
                }
            }
            place = window.find(key, next);
        }
    }

    static bool is_end(char c)
    {
        return c == '\0' || strchr("\t\n\f\r ()<>[]{}/%", c) != nullptr;
    }

    void lay_over(char *into, size_t length) const
    {
        auto patch = patches_.upper_bound(position_);

        if (patch != patches_.begin()) {
            --patch;
        }
        for (; patch != patches_.end() && patch->first < position_ + length; ++patch) {
            uint64_t from = std::max(patch->first, position_);
            uint64_t to = std::min(patch->first + patch->second.size(), position_ + length);

            if (from < to) {
                memcpy(into + (from - position_), patch->second.data() + (from - patch->first),
                    static_cast<size_t>(to - from));
            }
        }
    }

    rms_reader reader_;
    std::string name_;
    uint64_t position_ = 0;
    uint64_t end_ = 0;
    std::map<uint64_t, std::string> patches_;
};

// To a writer, in large pieces; the end is held back until finish_file, so that it can be changed.
class Sink : public Pipeline {
  public:
    Sink(const rms_writer *out, uint64_t offset) : Pipeline("sink", nullptr), out_(out), offset_(offset)
    {
    }

    void write(unsigned char const *data, size_t len) override
    {
        held_.append(reinterpret_cast<char const *>(data), len);
        if (held_.size() > PIECE + TAIL) {
            put(held_.size() - TAIL);
        }
    }

    void finish() override
    {
    }

    // The key that stood for /Encrypt becomes it; it is in the trailer, behind everything else.
    void show_encryption()
    {
        size_t place = held_.rfind(HIDDEN_KEY);

        if (place == std::string::npos) {
            throw failure{RMS_E_INTERNAL};
        }
        held_.replace(place, KEY_LEN, "/Encrypt");
    }

    uint64_t finish_file()
    {
        put(held_.size());
        return written_;
    }

  private:
    void put(size_t len)
    {
        check(out_->write(out_->context, offset_ + written_, held_.data(), len));
        written_ += len;
        held_.erase(0, len);
    }

    const rms_writer *out_;
    uint64_t offset_;
    uint64_t written_ = 0;
    std::string held_;
};

// Into a buffer with a limit: what unpacks to more is refused before it fills the memory.
class Bounded : public Pipeline {
  public:
    explicit Bounded(rms_buf *out) : Pipeline("bounded", nullptr), out_(out)
    {
    }

    void write(unsigned char const *data, size_t len) override
    {
        rms_buf_append(out_, data, len);
        check(rms_buf_status(out_));
    }

    void finish() override
    {
    }

  private:
    rms_buf *out_;
};

} // namespace pdfio

struct rms_qpdf {
    std::shared_ptr<pdfio::Source> source;
    std::shared_ptr<QPDF> pdf;
    rms_content_cipher *cipher = nullptr;
    bool clear_metadata = false;
};

namespace pdfio {

std::shared_ptr<QPDF> new_pdf();

// Part of the file's own structure, nothing of the document: cross-references and object streams.
bool is_structure(QPDFObjectHandle object);

// Says itself how it is encrypted.
bool first_filter_is_crypt(QPDFObjectHandle stream);

// Some deeper place where a document may have what is looked for; else null.
QPDFObjectHandle at(QPDFObjectHandle node, std::initializer_list<const char *> path);

} // namespace pdfio

#endif
