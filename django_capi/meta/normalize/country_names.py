"""Table of country names by ISO 3166-1 code: three-letter codes, English names and native names, letters only."""

from __future__ import annotations

from typing import Final

_NAMES: Final = """
ad and andorra
ae are unitedarabemirates الإماراتالعربيةالمتحدة uae emirates
af afg afghanistan افغانستان
ag atg antiguabarbuda antiguaandbarbuda
ai aia anguilla
al alb albania shqipëri
am arm armenia հայաստան
ao ago angola
aq ata antarctica
ar arg argentina
as asm americansamoa
at aut austria österreich oesterreich
au aus australia
aw abw aruba
ax ala ålandislands alandislands åland aland
az aze azerbaijan azərbaycan азәрбајҹан
ba bih bosniaherzegovina bosniaandherzegovina боснаихерцеговина bosnaihercegovina bosnia
bb brb barbados
bd bgd bangladesh বাংলাদেশ
be bel belgium belgië belgique belgien
bf bfa burkinafaso
bg bgr bulgaria българия
bh bhr bahrain البحرين
bi bdi burundi uburundi
bj ben benin bénin
bl blm stbarthélemy saintbarthélemy stbarthelemy saintbarthelemy
bm bmu bermuda
bn brn brunei بروني bruneidarussalam
bo bol bolivia boliviaplurinationalstateof plurinationalstateofbolivia
bq bes caribbeannetherlands caribischnederland bonairesinteustatiusandsaba bonaire
br bra brazil brasil
bs bhs bahamas
bt btn bhutan འབྲུག
bv bvt bouvetisland
bw bwa botswana
by blr belarus беларусь
bz blz belize
ca can canada
cc cck cocoskeelingislands
cd cod zar congokinshasa congodemocraticrepublicof congodemocraticrepublic democraticrepublicofcongo drcongo drc
cd congodrc
cf caf centralafricanrepublic ködörösêsetîbêafrîka républiquecentrafricaine
cg cog congobrazzaville congo republicofcongo congorepublicof congorepublic
ch che switzerland schweiz schwiiz suisse svizzera svizra swissconfederation schweizerischeeidgenossenschaft
ci civ côtedivoire cotedivoire ivorycoast
ck cok cookislands
cl chl chile
cm cmr cameroon cameroun
cn chn china 中国 peoplesrepublicofchina prchina prc 中华人民共和国 中國 中华
co col colombia
cr cri costarica
cu cub cuba
cv cpv capeverde caboverde
cw cuw curaçao curacao kòrsou
cx cxr christmasisland
cy cyp cyprus κύπρος kıbrıs
cz cze czechia česko tschechischerepublik républiquetchèque repúblicacheca repubblicaceca czechrepublic
cz českárepublika ceskarepublika cesko
de ddr deu germany deutschland brd bundesrepublikdeutschland
dj dji djibouti جيبوتي
dk dnk denmark danmark
dm dma dominica
do dom dominicanrepublic repúblicadominicana
dz dza algeria الجزائر algérie
ec ecu ecuador
ee est estonia eesti
eg egy egypt مصر
eh esh westernsahara الصحراءالغربية
er eri eritrea ኤርትራ إريتريا
es esp spain españa espana
et eth ethiopia ኢትዮጵያ
fi fin finland suomi
fj fji fiji
fk flk falklandislands falklandislandsmalvinas falklands islasmalvinas
fm fsm micronesia micronesiafederatedstatesof federatedstatesofmicronesia
fo fro faroeislands føroyar
fr fra fxx france
ga gab gabon
gb gbr unitedkingdom großbritannien grossbritannien grandebretagne granbretaña granbretagna
gb reinounidodegranbretaña großbritannienundnordirland uk greatbritain britain england scotland wales
gb northernireland unitedkingdomofgreatbritainandnorthernireland
gd grd grenada
ge geo georgia საქართველო
gf guf frenchguiana guyanefrançaise
gg ggy guernsey
gh gha ghana
gi gib gibraltar
gl grl greenland kalaallitnunaat
gm gmb gambia gambiarepublicof
gn gin guinea guinée
gp glp guadeloupe
gq gnq equatorialguinea guineaecuatorial guinéeéquatoriale guinéequatorial
gr grc greece ελλάδα hellas hellenicrepublic ellada
gs sgs southgeorgiasouthsandwichislands southgeorgiaandsouthsandwichislands
gt gtm guatemala
gu gum guam
gw gnb guineabissau guinébissau
gy guy guyana
hk hkg hongkongsarchina 中國香港特別行政區 hongkong hongkongsar hongkongchina 香港
hm hmd heardmcdonaldislands heardandmcdonaldislands heardislandandmcdonaldislands
hn hnd honduras
hr hrv croatia hrvatska
ht hti haiti haïti
hu hun hungary magyarország
id idn indonesia
ie irl ireland éire republicofireland eire
il isr israel ישראל إسرائيل
im imn isleofman ellanvannin
in ind india भारत
io iot britishindianoceanterritory
iq irq iraq العراق
ir irn iran ایران iranislamicrepublicof islamicrepublicofiran
is isl iceland ísland
it ita italy italia
je jey jersey
jm jam jamaica
jo jor jordan الأردن
jp jpn japan 日本 nippon nihon 日本国
ke ken kenya
kg kgz kyrgyzstan кыргызстан киргизия
kh khm cambodia កម្ពុជា
ki kir kiribati
km com comoros جزرالقمر comores
kn kna stkittsnevis stkittsandnevis saintkittsnevis saintkittsandnevis
kp prk northkorea 북한 koreademocraticpeoplesrepublicof democraticpeoplesrepublicofkorea dprk koreanorth
kr kor southkorea 대한민국 韩国 韓國 korearepublicof republicofkorea koreasouth 한국
kw kwt kuwait الكويت
ky cym caymanislands
kz kaz kazakhstan казахстан қазақстан
la lao laos ລາວ laopeoplesdemocraticrepublic laopdr
lb lbn lebanon لبنان
lc lca stlucia saintlucia
li lie liechtenstein liächteschtäi
lk lka srilanka ශ්රීලංකාව இலங்கை
lr lbr liberia
ls lso lesotho
lt ltu lithuania lietuva
lu lux luxembourg lëtzebuerg luxemburg
lv lva latvia latvija
ly lby libya ليبيا
ma mar morocco المغرب maroc meṛṛuk
mc mco monaco
md mda moldova republicamoldova moldovarepublicof
me mne montenegro crnagora
mf maf stmartin saintmartin saintmartinfrenchpart
mg mdg madagascar madagasikara
mh mhl marshallislands
mk mkd northmacedonia севернамакедонија macedonia macedoniaformeryugoslavrepublicof fyrom
ml mli mali
mm bur mmr myanmarburma မြန်မာ burma myanmar
mn mng mongolia монгол
mo mac macaosarchina 中國澳門特別行政區 macauraedachina macau macao 澳門
mp mnp northernmarianaislands
mq mtq martinique
mr mrt mauritania موريتانيا
ms msr montserrat
mt mlt malta
mu mus mauritius maurice
mv mdv maldives ދިވެހިރާއްޖެ
mw mwi malawi
mx mex mexico méxico
my mys malaysia
mz moz mozambique moçambique
na nam namibia
nc ncl newcaledonia nouvellecalédonie
ne ner niger
nf nfk norfolkisland
ng nga nigeria nàìjíríà
ni nic nicaragua
nl nld netherlands nederland holland hollande holanda
no nor norway norge noreg
np npl nepal नेपाल
nr nru nauru
nu niu niue
nz nzl newzealand aotearoa
om omn oman عُمان
pa pan panama panamá
pe per peru perú
pf pyf frenchpolynesia polynésiefrançaise
pg png papuanewguinea papuaniugini
ph phl philippines pilipinas
pk pak pakistan پاکستان
pl pol poland polska
pm spm stpierremiquelon stpierreandmiquelon saintpierremiquelon saintpierreandmiquelon saintpierreetmiquelon
pn pcn pitcairnislands
pr pri puertorico
ps pse palestinianterritories الأراضيالفلسطينية palestine stateofpalestine palestinianterritory
ps palestinianterritoryoccupied
pt prt portugal
pw plw palau
py pry paraguay paraguai
qa qat qatar قطر
re reu réunion reunion laréunion
ro rou romania românia
rs srb serbia srbija србија
ru rus russia россия russischeföderation russianfederation российскаяфедерация
rw rwa rwanda urwanda
sa sau saudiarabia المملكةالعربيةالسعودية السعودية
sb slb solomonislands
sc syc seychelles
sd sdn sudan السودان
se swe sweden sverige
sg sgp singapore 新加坡 singapura சிங்கப்பூர்
sh shn sthelena sainthelena sainthelenaascensionandtristandacunha
si svn slovenia slovenija
sj sjm svalbardjanmayen svalbardandjanmayen svalbardogjanmayen
sk svk slovakia slovensko slovakrepublic slovenskárepublika
sl sle sierraleone
sm smr sanmarino
sn sen senegal senegaal sénégal
so som somalia soomaaliya الصومال
sr sur suriname
ss ssd southsudan
st stp sãotomépríncipe sãotoméandpríncipe saotomeprincipe sãotoméepríncipe saotomeandprincipe
sv slv elsalvador
sx sxm sintmaarten sintmaartendutchpart saintmaarten
sy syr syria سوريا syrianarabrepublic
sz swz eswatini swaziland
tc tca turkscaicosislands turksandcaicosislands
td tcd chad تشاد tchad
tf atf frenchsouthernterritories
tg tgo togo
th tha thailand ไทย ประเทศไทย
tj tjk tajikistan тоҷикистон
tk tkl tokelau
tl tls tmp timorleste easttimor
tm tkm turkmenistan türkmenistan
tn tun tunisia تونس tunisie
to ton tonga
tr tur türkiye turkiye turkey
tt tto trinidadtobago trinidadandtobago
tv tuv tuvalu
tw twn taiwan 台灣 taiwanprovinceofchina taiwanchina republicofchina taiwanroc 臺灣
tz tza tanzania tanzaniaunitedrepublicof unitedrepublicoftanzania
ua ukr ukraine україна украина
ug uga uganda
um umi usoutlyingislands
us usa unitedstates 米国 сша statiunitidamerica estadosunidosdaamérica verenigdestatenvanamerika america
us unitedstatesofamerica usofa eeuu estadosunidosdeamérica étatsunisdamérique vereinigtestaatenvonamerika
uy ury uruguay
uz uzb uzbekistan oʻzbekiston ўзбекистон
va vat vaticancity cittàdelvaticano holysee holyseevaticancitystate vaticancitystate vatican
vc vct stvincentgrenadines stvincentandgrenadines saintvincentgrenadines saintvincentandgrenadines
ve ven venezuela venezuelabolivarianrepublicof
vg vgb britishvirginislands virginislandsbritish
vi vir usvirginislands virginislandsus virginislandsofunitedstates unitedstatesvirginislands
vn vnm vietnam việtnam
vu vut vanuatu
wf wlf wallisfutuna wallisandfutuna wallisetfutuna
ws wsm samoa
ye yem ymd yemen اليمن
yt myt mayotte
za zaf southafrica
zm zmb zambia
zw zwe zimbabwe
"""
COUNTRY_NAMES: Final = {
    name: code for code, *names in (line.split() for line in _NAMES.strip().splitlines()) for name in names
}
