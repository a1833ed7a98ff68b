"""A template as AD RMS writes it, signed with a key that came from there, and what an import makes of it."""
import hashlib
import json
import re

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from rmslab import b64

ID = "6f1d7b3e-0c0f-4d6e-9b0e-0d2f6c2f9a77"
GOLDEN = {
    "TemplateId": ID,
    "Names": {"1033": "Board", "1031": "Vorstand"}, "Descriptions": {"1033": "For the board", "1031": "F\u00fcr den Vorstand"}, "Status": "Archived",
    "RightsDefinitions": [
        {"Principal": "bob@contoso.test", "Rights": ["VIEW", "PRINT", "ACME.MEASURE"], "Level": "Custom"},
        {"Principal": "anyone@inactive.invalid", "Rights": ["VIEW"], "Level": "Custom", "From": "2020-01-01T00:00:00Z", "Until": "2030-01-01T00:00:00Z"}],
    "ContentExpirationOption": "AfterDays", "ContentExpirationDate": "0001-01-01T00:00:00Z", "ContentValidityDuration": 40,
    "LicenseValidityDuration": 0, "ReferralInfo": "https://contoso.test/ask", "AuthorRights": "Listed", "ScopedIdentities": [],
    "ApplicationData": [{"Name": "VIEWER", "Value": "1"}, {"Name": "Department", "Value": "Legal & Co"}],
    "Unsupported": [
        {"Name": "distribution point", "Value": '<DISTRIBUTIONPOINT><OBJECT type="Revocation"><ADDRESS type="URL">https://contoso.test/crl</ADDRESS></OBJECT></DISTRIBUTIONPOINT>'},
        {"Name": "extended policy", "Value": '<POLICYLIST type="inclusion"><POLICY><OBJECT /></POLICY></POLICYLIST>'},
        {"Name": "revocation list", "Value": '<CONDITIONLIST><REFRESH><INTERVALTIME days="2" /></REFRESH></CONDITIONLIST>'},
        {"Name": "rights of principals without address", "Value": "1"}],
}


def right(name, who, time=""):
    return f'<RIGHT name="{name}"><CONDITIONLIST><ACCESS><PRINCIPAL><OBJECT>{who}</OBJECT></PRINCIPAL></ACCESS>{time}</CONDITIONLIST></RIGHT>'


def body_of(issuer, owner=""):
    point, policies, refresh = (u["Value"] for u in GOLDEN["Unsupported"][:3])
    names = "".join(f"LCID {i}:NAME {GOLDEN['Names'][i]}:DESCRIPTION {GOLDEN['Descriptions'][i]};\n" for i in GOLDEN["Names"])
    bob, until = '<ID type="Unspecified" /><NAME>bob@contoso.test</NAME>', "<TIME><RANGETIME><FROM>2020-01-01T00:00</FROM><UNTIL>2030-01-01T00:00</UNTIL></RANGETIME></TIME>"
    sid = '<ID type="Windows">S-1-5-21-1-2-3-500</ID>'
    data = "".join(f'<AUTHENTICATEDDATA id="APPSPECIFIC" name="{n}">{v}</AUTHENTICATEDDATA>'
                   for n, v in (("NOLICCACHE", "1"), ("VIEWER", "1"), ("Department", "Legal &amp; Co")))
    return ('<BODY type="Microsoft Official Rights Template"><ISSUEDTIME>2015-06-15T15:07</ISSUEDTIME><DESCRIPTOR><OBJECT><ID type="MS-GUID">'
            f'{{{ID}}}</ID><NAME>{names}</NAME></OBJECT></DESCRIPTOR>{issuer}<DISTRIBUTIONPOINT><OBJECT type="Publishing-URL"><ID type="MS-GUID">'
            '{9a23d98e-4449-4ba5-812a-f30808f3cb16}</ID><NAME>Publishing Point</NAME><ADDRESS type="URL">https://adrms.contoso.test/_wmcs/licensing'
            '</ADDRESS></OBJECT></DISTRIBUTIONPOINT><DISTRIBUTIONPOINT><OBJECT type="Referral-Info"><ID type="MS-GUID">'
            '{d5ba4021-27d6-42c0-a322-4064e2f91ab0}</ID><ADDRESS type="URL">https://contoso.test/ask</ADDRESS></OBJECT></DISTRIBUTIONPOINT>'
            f'{point}<WORK><OBJECT><ID type="" /></OBJECT><PRECONDITIONLIST><TIME><INTERVALTIME days="40" /></TIME></PRECONDITIONLIST>{refresh}'
            f'<RIGHTSGROUP name="Main-Rights"><RIGHTSLIST>{owner}{right("VIEW", bob)}{right("PRINT", bob)}{right("ACME.MEASURE", bob)}'
            f'{right("EDIT", sid)}{right("VIEW", "<ID type=" + chr(34) + "Internal" + chr(34) + ">Anyone</ID>", until)}</RIGHTSLIST></RIGHTSGROUP></WORK>'
            f'{data}{policies}</BODY>')


def signed(body, key):
    data = body.encode("utf-16-le")
    value = b64(key.sign(data, padding.PKCS1v15(), hashes.SHA256()))
    return ('<?xml version="1.0"?><XrML xmlns="" version="1.2">' + body + '<SIGNATURE><DIGEST><ALGORITHM>SHA256</ALGORITHM><PARAMETER name="codingtype">'
            '<VALUE encoding="string">surface-coding</VALUE></PARAMETER><VALUE encoding="base64" size="256">' + b64(hashlib.sha256(data).digest()) +
            f'</VALUE></DIGEST><ALGORITHM>RSA PKCS#1-V1.5</ALGORITHM><VALUE encoding="base64" size="{key.key_size}">{value}</VALUE></SIGNATURE></XrML>')


def a_template(lab, key):
    """key: the active one, imported."""
    model, file = lab.dir / "model.xml", lab.dir / "ad-rms.xml"
    lab.admin("template", "export", "Confidential \\ All Employees", "-o", model)
    issuer = re.search("<ISSUER>.*?</ISSUER>", model.read_text())[0]
    whole = signed(body_of(issuer), key)

    def taken(text, code=0):
        file.write_text(text)
        return lab.admin("template", "import", file, "--force", code=code)

    def shown():
        found = lab.admin("--json", "template", "show", ID).json
        return {name: found.get(name) for name in GOLDEN}

    # cut or changed, unsupported parts too: nothing is stored
    for bad in (whole[:len(whole) // 2], whole[:-10], whole.replace("NOLICCACHE", "NOLICCACHF"), whole.replace('days="2"', 'days="3"')):
        assert bad != whole and "(bad-argument)" in taken(bad, code=2).err
        lab.admin("template", "show", ID, code=4)
    done = taken(whole)
    assert shown() == GOLDEN, json.dumps(shown(), indent=1)
    lint = [f["Text"] for f in lab.admin("--json", "template", "lint", ID).json_lines if f["Code"] == "unsupported"]
    for told, item in zip(lint, GOLDEN["Unsupported"], strict=True):
        assert item["Name"] in told and told in done.err, (told, done)
    # out and in again: the same, now with the settings of this service
    lab.admin("template", "publish", ID)
    lab.admin("template", "export", ID, "-o", file, "--force")
    lab.admin("template", "remove", ID, "--force")
    taken(file.read_text())
    assert shown() == {**GOLDEN, "Status": "Published"}
    # the author has every right, without an end
    owner = right("OWNER", '<ID type="Internal">Owner</ID>')
    taken(signed(body_of(issuer, owner), key))
    assert shown()["AuthorRights"] == "Full"
