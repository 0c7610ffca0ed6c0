"""Tables only: the countries of ISO 3166-1, the names that need no library, and the states and provinces with codes."""

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

# Spellings met everywhere, so that they do not need Babel. Keys are letters only.
COUNTRY_ALIASES: Final = {
    "america": "us",
    "england": "gb",
    "greatbritain": "gb",
    "holland": "nl",
    "northernireland": "gb",
    "scotland": "gb",
    "uk": "gb",
    "unitedkingdom": "gb",
    "unitedstates": "us",
    "unitedstatesofamerica": "us",
    "usa": "us",
    "wales": "gb",
}

AMERICAN_STATES: Final = {
    "alabama": "al", "alaska": "ak", "americansamoa": "as", "arizona": "az", "arkansas": "ar", "california": "ca",
    "colorado": "co", "connecticut": "ct", "delaware": "de", "districtofcolumbia": "dc", "florida": "fl",
    "georgia": "ga", "guam": "gu", "hawaii": "hi", "idaho": "id", "illinois": "il", "indiana": "in", "iowa": "ia",
    "kansas": "ks", "kentucky": "ky", "louisiana": "la", "maine": "me", "maryland": "md", "massachusetts": "ma",
    "michigan": "mi", "minnesota": "mn", "mississippi": "ms", "missouri": "mo", "montana": "mt", "nebraska": "ne",
    "nevada": "nv", "newhampshire": "nh", "newjersey": "nj", "newmexico": "nm", "newyork": "ny",
    "northcarolina": "nc", "northdakota": "nd", "northernmarianaislands": "mp", "ohio": "oh", "oklahoma": "ok",
    "oregon": "or", "pennsylvania": "pa", "puertorico": "pr", "rhodeisland": "ri", "southcarolina": "sc",
    "southdakota": "sd", "tennessee": "tn", "texas": "tx", "usvirginislands": "vi", "utah": "ut", "vermont": "vt",
    "virginia": "va", "washington": "wa", "washingtondc": "dc", "westvirginia": "wv", "wisconsin": "wi",
    "wyoming": "wy",
}  # fmt: skip

CANADIAN_PROVINCES: Final = {
    "alberta": "ab", "britishcolumbia": "bc", "manitoba": "mb", "newbrunswick": "nb", "newfoundland": "nl",
    "newfoundlandandlabrador": "nl", "northwestterritories": "nt", "novascotia": "ns", "nunavut": "nu",
    "ontario": "on", "princeedwardisland": "pe", "quebec": "qc", "québec": "qc", "saskatchewan": "sk",
    "yukon": "yt", "yukonterritory": "yt",
}  # fmt: skip
