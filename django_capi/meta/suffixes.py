"""Table of common public suffixes with more than one label, a small part of the list of publicsuffix.org (2026-11)."""

from __future__ import annotations

from typing import Final

_SECOND_LEVELS: Final = {
    "ac": "ae at cn cr cy id il in ir jp ke kr ma mu mz nz rs ru rw th tz ug uk za zm zw",
    "asso": "fr nc re",
    "co": "ao at bw ck cr gg id il im in ir it je jp ke kr ls ma me mz na nz om pn rs rw th tt tz ug uk us uz "
    "ve vi za zm zw",
    "com": "ag ai al ar au az ba bb bd bh bm bn bo br bs by bz ci cn co cu cv cw cy de dm do dz ec ee eg es et "
    "fj fr ge gh gi gl gn gp gr gt gu gy hk hn hr ht im io iq is jm jo kg kh ki km kp kw ky kz la lb lc "
    "lk lr lv ly mg mk ml mm mo ms mt mu mv mw mx my na nf ng ni np nr om pa pe pf ph pk pl pr ps pt py "
    "qa re ro sa sb sc sd sg sh sl sn so sv sy tj tm tn to tr tt tw ua ug uy uz vc ve vi vn vu ws zm",
    "edu": "ar au bd bo br cn co do ec eg gh gr gt hk il in iq jm jo kh kw lb lk mt mx my ng ni np om pa pe ph "
    "pk pl pr py qa ro rs sa sg sv tr tt tw ua uy ve vn za",
    "gob": "ar bo cl do ec es gt hn mx ni pa pe sv ve",
    "gov": "ae ar au az bd br by cn co cy eg ge gh gr hk ie il in iq it jo kw kz lb lk lt lv ma mt my ng om ph "
    "pk pl pt qa rs ru sa sg tr tt tw ua uk vn za",
    "gv": "at",
    "ltd": "cy gi lk uk",
    "me": "ke tz uk",
    "ne": "jp ke kr tz ug us",
    "net": "ae ar au az bd br cn co do ec eg ge gr hk id il in je jm jo kh kw kz lb lk lv ma mt mu mx my ng nz "
    "om pa pe ph pk pl py qa ro ru sa sg th tr tt tw ua ug uk uy uz ve vn za",
    "nom": "br co es pa pe pl ro za",
    "or": "at cr id jp ke kr mu th tz ug us",
    "org": "ae ar au az ba bd bo br bw cn co cy do ec eg es ge gh gr gt hk hn il in iq is je jm jo kg kh kw kz "
    "lb lk lv ma mk mt mu mx my na ng ni nz om pa pe pf ph pk pl pr ps pt py qa ro rs ru sa sc sg sn sv "
    "tj tn tr tt tw ua ug uk uy uz ve vn za zm zw",
    "plc": "uk ly",
    "sch": "ae id ir jo lk ng qa sa uk",
}

# Hosting domains whose subdomains belong to different owners.
_HOSTING: Final = (
    "appspot.com azurestaticapps.net azurewebsites.net blogspot.com cloudfront.net deno.dev firebaseapp.com fly.dev "
    "github.io gitlab.io glitch.me herokuapp.com myshopify.com netlify.app ngrok.app ngrok.io onrender.com pages.dev "
    "pythonanywhere.com r.appspot.com readthedocs.io run.app s3.amazonaws.com surge.sh translate.goog up.railway.app "
    "vercel.app web.app wixsite.com wordpress.com workers.dev"
)

PUBLIC_SUFFIXES: Final = frozenset(
    f"{second}.{country}" for second, countries in _SECOND_LEVELS.items() for country in countries.split()
) | frozenset(_HOSTING.split())
