"""The shop's 24 products, and what puts them into the database."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.text import slugify

from example_project.shop.factories import ProductFactory
from example_project.shop.models import Motif, Product


@dataclass(frozen=True, kw_only=True)
class Offer:
    sku: str
    name: str
    price: str
    colour: str
    motif: Motif
    description: str


def seed_catalogue() -> list[Product]:
    """Put in what is missing, known by its SKU; a price that was changed in the admin stays."""
    return [
        ProductFactory.create(
            sku=offer.sku,
            slug=slugify(offer.name),
            name=offer.name,
            price=offer.price,
            colour=offer.colour,
            motif=offer.motif,
            description=offer.description,
        )
        for offer in OFFERS
    ]


def _offer(sku: str, name: str, price: str, colour: str, motif: Motif, description: str) -> Offer:
    return Offer(sku=sku, name=name, price=price, colour=colour, motif=motif, description=description)


OFFERS = (
    _offer(
        "CS-101",
        "Olive oil from Lesbos",
        "11.90",
        "#7d8f3c",
        Motif.BOTTLE,
        "Cold pressed in November, half a litre, peppery at the end.",
    ),
    _offer(
        "CS-102",
        "Apple cider vinegar",
        "5.40",
        "#c98a3a",
        Motif.BOTTLE,
        "From windfall apples, cloudy, two years in the barrel.",
    ),
    _offer(
        "CS-103",
        "Elderflower syrup",
        "6.80",
        "#a3b86c",
        Motif.BOTTLE,
        "One part syrup, seven parts cold water, a slice of lemon.",
    ),
    _offer(
        "CS-104",
        "Rhubarb lemonade",
        "2.60",
        "#d4697a",
        Motif.BOTTLE,
        "Sour first, sweet later. The bottle comes back to us.",
    ),
    _offer("CS-201", "Linden honey", "8.50", "#d9a02b", Motif.JAR, "From the avenue behind the shop; a little minty."),
    _offer(
        "CS-202",
        "Bitter orange marmalade",
        "5.90",
        "#d9722b",
        Motif.JAR,
        "Thick cut, cooked in a copper pan in January.",
    ),
    _offer(
        "CS-203",
        "Pickled gherkins",
        "3.90",
        "#5f8a4c",
        Motif.JAR,
        "With dill, mustard seed and a vine leaf for the crunch.",
    ),
    _offer("CS-204", "Plum butter", "4.70", "#6a3f5e", Motif.JAR, "Stirred for ten hours, no sugar added."),
    _offer(
        "CS-301",
        "Rye sourdough loaf",
        "4.80",
        "#8a5a3b",
        Motif.LOAF,
        "A kilo, baked at four in the morning, better on the second day.",
    ),
    _offer("CS-302", "Walnut bread", "5.20", "#a0673f", Motif.LOAF, "Dark crust, plenty of walnuts. Asks for cheese."),
    _offer(
        "CS-303",
        "Cinnamon buns, six",
        "9.60",
        "#b9814f",
        Motif.LOAF,
        "Sticky. Warm them for five minutes before anybody sees them.",
    ),
    _offer(
        "CS-401",
        "House espresso beans",
        "13.50",
        "#5b4036",
        Motif.BAG,
        "Half a pound, roasted on Tuesdays: cocoa, hazelnut, no smoke.",
    ),
    _offer(
        "CS-402",
        "Buckwheat flour",
        "3.70",
        "#8d8178",
        Motif.BAG,
        "Stone ground, for pancakes and for soba on a brave day.",
    ),
    _offer("CS-403", "Puy lentils", "4.20", "#4f6a5a", Motif.BAG, "They keep their shape. Half a kilo."),
    _offer(
        "CS-404",
        "Sea salt flakes",
        "3.20",
        "#6f8fa6",
        Motif.BAG,
        "Raked by hand; for the table, not for the pasta water.",
    ),
    _offer(
        "CS-501", "Stoneware mug", "18.00", "#4d7391", Motif.CUP, "Thrown in the next street, holds a third of a litre."
    ),
    _offer(
        "CS-502", "Enamel cup", "9.90", "#3f6f6a", Motif.CUP, "For the balcony and for the tent. Chips with dignity."
    ),
    _offer(
        "CS-503",
        "Espresso cup, pair",
        "22.00",
        "#b0574a",
        Motif.CUP,
        "Two small cups with thick walls that keep the heat.",
    ),
    _offer(
        "CS-601",
        "Darjeeling first flush",
        "16.40",
        "#6f9157",
        Motif.LEAF,
        "A hundred grams of spring, three minutes at 85 degrees.",
    ),
    _offer(
        "CS-602",
        "Peppermint tea",
        "4.90",
        "#3f8f73",
        Motif.LEAF,
        "Whole leaves from the allotment, dried in the attic.",
    ),
    _offer(
        "CS-701",
        "Mountain cheese",
        "12.70",
        "#d8b347",
        Motif.WHEEL,
        "Twelve months in the cellar, three hundred grams.",
    ),
    _offer("CS-702", "Goat's camembert", "7.30", "#b8ab8c", Motif.WHEEL, "Ripens on the way home. Open the window."),
    _offer(
        "CS-801",
        "Beeswax candle",
        "7.90",
        "#c9912f",
        Motif.CANDLE,
        "Burns for eleven hours and smells of the linden honey.",
    ),
    _offer(
        "CS-802",
        "Tin of matches",
        "3.40",
        "#9c4a3c",
        Motif.CANDLE,
        "Eighty long ones, with a strip that works when damp.",
    ),
)
