"""Mail around the labelled questions: a company's, of many subjects, the same on every machine for the same number."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tests.retrieval.labelled import Letter

NAMES: Final = (
    "Alba Bruno Carlo Dora Edda Fabio Gina Hugo Ilda Jacopo Katia Livio Mirna Nevio Olga Piero Quinto Rita Sergio Tina "
    "Ugo Vera Walter Xenia Yara Zeno"
).split()
FIRMS: Final = [
    f"{head}{tail}" for head in "Bar Cor Del Fen Gal Hor Jun Kal Lim Mor Nor Pel Quin Ros Sal Tor Vol Wen Zan".split()
    for tail in "dini bach tex mar well stad loni burg sted ford".split()
]  # fmt: skip
THINGS: Final = (
    "pallet valve brochure conveyor spreadsheet catalogue battery uniform ladder gearbox scanner filter pump fabric "
    "solvent trailer bracket keyboard sensor cable carton hinge label lamp motor pipe plate router screw sheet shelf "
    "software sticker switch tank tile tool turbine vase washer wheel windscreen barrel boiler compressor crane cutter "
    "desk drill fan flange furnace gasket glove grinder hammer helmet hose jacket kettle lever magnet mixer nozzle"
).split()
HOW: Final = (
    "annual blue cheap coarse damaged double early empty expensive extra final flexible foreign fragile full heavy "
    "hollow imported industrial interim late light local long lost metallic narrow new northern old optional outdoor "
    "partial plastic portable provisional quarterly rough round second sealed short silent single small solid southern "
    "spare standard steel strong temporary thick thin used weekly wide wooden yellow"
).split()
PLACES: Final = (
    "Ancona Bergamo Cagliari Dresden Esslingen Ferrara Genoa Halle Imola Jena Krems Lecce Modena Novara Olbia Parma "
    "Rieti Siena Trento Udine Varese Worms Xanten Ypres Zwolle"
).split()
DAYS: Final = "Monday Tuesday Wednesday Thursday Friday".split()
SAID: Final = (
    "The {how} {thing} for {firm} was shipped from {place}.",
    "{name} asks for {number} {thing}s, {how} ones if possible.",
    "We received the {how} {thing} and {name} put it on shelf {number}.",
    "On {day} {name} presents the figures of {firm}.",
    "The order {code} of {firm} is confirmed; delivery to {place} within {number} days.",
    "Could you check the drawing of the {thing}? {name} found {number} mistakes.",
    "The meeting about the {how} {thing} is moved to {day}.",
    "{firm} raises the price of each {thing} by {number} percent.",
    "{name} and {name2} visit {firm} in {place} on {day}.",
    "Attached you find the test report {code} of the {how} {thing}.",
    "The {thing} in hall {number} runs again since {day}.",
    "{firm} offers {number} {how} {thing}s at a discount.",
    "{name} is on the road and answers on {day}.",
    "Please approve the expenses of {name}: {number} euros for a {how} {thing}.",
    "The subsidiary in {place} needs a {thing} by {day}.",
    "The supplier {firm} announces holidays until {day}.",
    "The sample {code} passed; series production in {place} may begin.",
    "{name2} reports that the {how} {thing} does not fit the one of {firm}.",
    "The newsletter of {firm} presents a {how} {thing} and {number} news from {place}.",
    "Ticket {code}: the {thing} loses its connection; {name} looks at it.",
)


def sentences(count: int, seed: int = 7) -> list[str]:
    """So many sentences, no two alike."""
    rng = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        name, other = rng.sample(NAMES, 2)
        drawn = {
            "name": name, "name2": other, "firm": rng.choice(FIRMS), "place": rng.choice(PLACES),
            "day": rng.choice(DAYS), "thing": rng.choice(THINGS), "how": rng.choice(HOW),
            "number": str(rng.randint(2, 99)), "code": f"{rng.choice('ABCDEF')}{rng.randrange(10**6):06}",
        }  # fmt: skip
        found[rng.choice(SAID).format(**drawn)] = None
    return list(found)


@dataclass(frozen=True, slots=True)
class Made:
    """A letter, and which sentences it is made of."""

    letter: Letter
    of: tuple[int, ...]


def letters(count: int, told: Sequence[str], seed: int = 7) -> Iterator[Made]:
    """So many letters of two or three of these sentences each, the first of them in short above it."""
    rng = random.Random(seed)
    for number in range(count):
        of = tuple(rng.sample(range(len(told)), rng.randint(2, 3)))
        subject = " ".join(told[of[0]].split()[1:5]).strip(".,;:")
        yield Made(Letter(subject, f"{' '.join(told[place] for place in of)} ({number})"), of)
