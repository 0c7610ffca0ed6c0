"""Tables of countries, of the states and provinces that have two-letter codes, and of the forms of postcodes."""

from __future__ import annotations

from typing import Final

_COUNTRIES: Final = (
    "ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bl bm bn bo bq br bs bt bv bw by bz "
    "ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg eh er es et fi fj fk fm fo "
    "fr ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je "
    "jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mf mg mh mk ml mm mn mo "
    "mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw "
    "py qa re ro rs ru rw sa sb sc sd se sg sh si sj sk sl sm sn so sr ss st sv sx sy sz tc td tf tg th tj tk tl tm "
    "tn to tr tt tv tw tz ua ug um us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw"
)
COUNTRIES: Final = frozenset(_COUNTRIES.split())

AMERICAN_STATES: Final = {
    "alabama": "al", "alaska": "ak", "americansamoa": "as", "arizona": "az", "arkansas": "ar",
    "armedforcesamericas": "aa", "armedforceseurope": "ae", "armedforcespacific": "ap", "california": "ca",
    "colorado": "co", "connecticut": "ct", "delaware": "de", "districtofcolumbia": "dc", "florida": "fl",
    "georgia": "ga", "guam": "gu", "hawaii": "hi", "idaho": "id", "illinois": "il", "indiana": "in", "iowa": "ia",
    "kansas": "ks", "kentucky": "ky", "louisiana": "la", "maine": "me", "maryland": "md", "massachusetts": "ma",
    "michigan": "mi", "minnesota": "mn", "mississippi": "ms", "missouri": "mo", "montana": "mt", "nebraska": "ne",
    "nevada": "nv", "newhampshire": "nh", "newjersey": "nj", "newmexico": "nm", "newyork": "ny",
    "northcarolina": "nc", "northdakota": "nd", "northernmarianaislands": "mp", "ohio": "oh", "oklahoma": "ok",
    "oregon": "or", "pennsylvania": "pa", "puertorico": "pr", "rhodeisland": "ri", "southcarolina": "sc",
    "southdakota": "sd", "tennessee": "tn", "texas": "tx", "usvirginislands": "vi", "utah": "ut", "vermont": "vt",
    "virginia": "va", "virginislands": "vi", "washington": "wa", "washingtondc": "dc", "westvirginia": "wv",
    "wisconsin": "wi", "wyoming": "wy",
    # Old abbreviations that are still in use.
    "ala": "al", "ariz": "az", "ark": "ar", "cal": "ca", "calif": "ca", "colo": "co", "conn": "ct", "del": "de",
    "fla": "fl", "ill": "il", "ind": "in", "kan": "ks", "kans": "ks", "mass": "ma", "mich": "mi", "minn": "mn",
    "miss": "ms", "mont": "mt", "ncar": "nc", "ndak": "nd", "neb": "ne", "nebr": "ne", "nev": "nv", "nmex": "nm",
    "okla": "ok", "ore": "or", "oreg": "or", "penn": "pa", "penna": "pa", "scar": "sc", "sdak": "sd", "tenn": "tn",
    "tex": "tx", "wash": "wa", "wisc": "wi", "wis": "wi", "wva": "wv", "wyo": "wy",
    # Spanish names that differ from the English ones.
    "carolinadelnorte": "nc", "carolinadelsur": "sc", "dakotadelnorte": "nd", "dakotadelsur": "sd",
    "distritodecolumbia": "dc", "hawái": "hi", "luisiana": "la", "míchigan": "mi", "misisipi": "ms", "misuri": "mo",
    "nuevahampshire": "nh", "nuevajersey": "nj", "nuevayork": "ny", "nuevohampshire": "nh", "nuevomexico": "nm",
    "nuevoméxico": "nm", "oregón": "or", "pensilvania": "pa", "virginiaoccidental": "wv",
}  # fmt: skip

CANADIAN_PROVINCES: Final = {
    "alberta": "ab", "britishcolumbia": "bc", "manitoba": "mb", "newbrunswick": "nb", "newfoundland": "nl",
    "newfoundlandandlabrador": "nl", "newfoundlandlabrador": "nl", "northwestterritories": "nt", "novascotia": "ns",
    "nunavut": "nu", "ontario": "on", "princeedwardisland": "pe", "quebec": "qc", "saskatchewan": "sk",
    "yukon": "yt", "yukonterritory": "yt",
    "alta": "ab", "man": "mb", "nf": "nl", "nfld": "nl", "nwt": "nt", "ont": "on", "pei": "pe", "pq": "qc",
    "que": "qc", "sask": "sk",
    "colombiebritannique": "bc", "îleduprinceédouard": "pe", "ileduprinceedouard": "pe", "nouveaubrunswick": "nb",
    "nouvelleécosse": "ns", "nouvelleecosse": "ns", "québec": "qc", "terreneuve": "nl", "terreneuveetlabrador": "nl",
    "territoiresdunordouest": "nt", "territoireduyukon": "yt",
}  # fmt: skip

# Countries whose postcodes are digits only: letters in front are a country code or a word such as PLZ.
_DIGITS_ONLY: Final = (
    "at au ba be bg br ch cn cr cy cz de dk do dz ec ee eg es fi fo fr gf gl gp gr gt hr hu id il in is it jp ke kr kw "
    "lb li lk lu ma mc me mg mk mq mx my no np nz pe ph pk pl pm pt py re ro rs ru sa se sg si sk sm th tn tr tw ua uy "
    "uz va vn xk yt za zm"
)
DIGITS_ONLY: Final = frozenset(_DIGITS_ONLY.split())
# Countries whose postcodes contain letters: the form without a country code in front.
WITH_LETTERS: Final = {
    "ca": r"[a-z]\d[a-z]\d[a-z]\d",
    "gb": r"[a-z]{1,2}\d[a-z\d]?\d[a-z]{2}",
    "ie": r"[a-z]\d[\dw][a-z\d]{4}",
    "mt": r"[a-z]{3}\d{4}",
    "nl": r"\d{4}[a-z]{2}",
}
