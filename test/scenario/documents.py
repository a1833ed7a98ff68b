"""Real documents, as other programs write them: made here, or found in the documentation of this system."""
import io
import pathlib
import random
import shutil
import subprocess
import zipfile

import docx
import openpyxl
import xlwt
from docx.opc.constants import CONTENT_TYPE as CT
from docx.opc.constants import RELATIONSHIP_TYPE as RT
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement
from docx.oxml.ns import nsdecls, qn
from PIL import Image
from reportlab.pdfgen import canvas

WORDS = "harvest budget merger plot yield board contract ünïcode 中文 figure draft minute annex risk".split()
FOUND = {"txt": 24, "xml": 24, "png": 20, "svg": 10, "jpg": 4, "jpeg": 4, "gif": 8, "zip": 4, "csv": 3, "pdf": 4, "html": 10}
LARGEST = 400_000


def text(rng, count):
    return " ".join(rng.choice(WORDS) for _ in range(count))


def tracked(made, rng):
    """An insertion and a deletion that nobody accepted, and a comment."""
    for change, word_of in (("ins", "t"), ("del", "delText")):
        changed = OxmlElement(f"w:{change}")
        for name, value in (("id", "90"), ("author", "Bob Reader"), ("date", "2024-05-06T07:08:09Z")):
            changed.set(qn(f"w:{name}"), value)
        run, words = OxmlElement("w:r"), OxmlElement(f"w:{word_of}")
        words.text = text(rng, 5)
        run.append(words)
        changed.append(run)
        made.add_paragraph()._p.append(changed)
    blob = f'<w:comments {nsdecls("w")}><w:comment w:id="0" w:author="Bob Reader"><w:p><w:r><w:t>{text(rng, 9)}</w:t></w:r></w:p></w:comment></w:comments>'
    part = Part(PackURI("/word/comments.xml"), CT.WML_COMMENTS, blob.encode(), made.part.package)
    made.part.relate_to(part, RT.COMMENTS)


def word(path, rng):
    made = docx.Document()
    made.core_properties.title, made.core_properties.author = f"Plan {path.stem}", "Alice Author"
    for _ in range(rng.randrange(1, 40)):
        made.add_paragraph(text(rng, rng.randrange(1, 80)))
    tracked(made, rng)
    made.save(path)


def excel(path, rng):
    made = openpyxl.Workbook()
    for row in range(rng.randrange(1, 200)):
        made.active.append([row, rng.random(), text(rng, 2)])
    made.properties.title = f"Figures {path.stem}"
    made.save(path)


def old_excel(path, rng):
    made = xlwt.Workbook()
    sheet = made.add_sheet("Figures")
    for row in range(rng.randrange(1, 200)):
        sheet.write(row, 0, rng.random())
        sheet.write(row, 1, text(rng, 2))
    made.save(str(path))


def slides(path, rng):
    """The least that programs take for a presentation."""
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    kinds = "application/vnd.openxmlformats-officedocument.presentationml"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("[Content_Types].xml", '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
                     '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                     f'<Override PartName="/ppt/presentation.xml" ContentType="{kinds}.presentation.main+xml"/></Types>')
        out.writestr("_rels/.rels", '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
                     f'<Relationship Id="r1" Type="{office}/officeDocument" Target="ppt/presentation.xml"/></Relationships>')
        out.writestr("ppt/presentation.xml", '<?xml version="1.0"?><p:presentation xmlns:p="http://schemas.openxmlformats.org/'
                     f'presentationml/2006/main"><!-- {text(rng, 400)} --><p:notesSz cx="6858000" cy="9144000"/></p:presentation>')


def page(path, rng):
    made = canvas.Canvas(str(path))
    made.setTitle(f"Report {path.stem}")
    for _ in range(rng.randrange(1, 6)):
        for line in range(30):
            made.drawString(60, 780 - 20 * line, text(rng, 8))
        made.showPage()
    made.save()


def packed_page(path, rng):
    page(path.with_suffix(".tmp"), rng)
    how = rng.choice(["--object-streams=generate", "--linearize", "--qdf", "--compress-streams=n"])
    subprocess.run(["qpdf", how, path.with_suffix(".tmp"), path], check=True)
    path.with_suffix(".tmp").unlink()


def image(path, rng):
    size = rng.randrange(8, 200)
    made = Image.frombytes("RGB", (size, size), rng.randbytes(3 * size * size))
    if path.suffix == ".jpg" and rng.random() < 0.5:
        exif = made.getexif()
        exif[0x010E] = "a picture"
        made.save(path, exif=exif)
    else:
        made.convert(rng.choice(["RGB", "L"])).save(path)


def archive(path, rng):
    with zipfile.ZipFile(path, "w", rng.choice([zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])) as out:
        for number in range(rng.randrange(1, 6)):
            out.writestr(f"part{number}.txt", text(rng, 300))


MADE = {"docx": (word, 18), "xlsx": (excel, 14), "pptx": (slides, 8), "xls": (old_excel, 10), "pdf": (page, 10), "tif": (image, 6),
        "png": (image, 6), "jpg": (image, 10), "bmp": (image, 3), "tiff": (image, 4), "gif": (image, 3), "zip": (archive, 4)}


def found(extension, count):
    """The same ones on every run of one machine: by size and name, spread over what there is."""
    rows = sorted((p.stat().st_size, str(p)) for p in pathlib.Path("/usr/share").rglob(f"*.{extension}")
                  if p.is_file() and not p.is_symlink() and 0 < p.stat().st_size < LARGEST)
    return [name for _, name in rows[::max(1, len(rows) // count)][:count]]


def collect(folder, share=1.0):
    """Fills the folder and gives the paths: a share of each kind, at least one."""
    rng, paths = random.Random(4), []
    for extension, (make, count) in MADE.items():
        for number in range(max(1, round(count * share))):
            path = folder / f"{make.__name__}{number}.{extension}"
            make(path, rng)
            paths.append(path)
    for number in range(max(1, round(8 * share))):
        path = folder / f"packed{number}.pdf"
        packed_page(path, rng)
        paths.append(path)
    for extension, count in FOUND.items():
        for number, name in enumerate(found(extension, max(1, round(count * share)))):
            path = folder / f"found{number}.{extension}"
            shutil.copyfile(name, path)
            paths.append(path)
    return paths


def parts(path):
    """What a document is made of, without what labels are kept in: name to bytes. None: look at the whole."""
    data = path.read_bytes()
    if data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            return {name: package.read(name) for name in package.namelist()
                    if name not in ("[Content_Types].xml", "_rels/.rels", "docProps/custom.xml")}
    if data[:4] == b"\xd0\xcf\x11\xe0":
        import olefile
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            return {"/".join(name): ole.openstream(name).read() for name in ole.listdir()
                    if name[-1] != "\x05DocumentSummaryInformation"}
    if data[:4] == b"\x89PNG":
        return {number: chunk for number, chunk in enumerate(c for c in png_chunks(data) if b"XML:com.adobe.xmp" not in c[:30])}
    if data[:2] in (b"II", b"MM", b"\xff\xd8"):
        with Image.open(io.BytesIO(data)) as picture:
            tags = dict(getattr(picture, "tag_v2", {}))
            tags.pop(700, None)
            return {"pixels": picture.tobytes(), "mode": picture.mode, "tags": repr(sorted(tags.items())),
                    "exif": picture.info.get("exif")}
    return None


def png_chunks(data):
    at = 8
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at:at + 4], "big")
        yield data[at:end]
        at = end
