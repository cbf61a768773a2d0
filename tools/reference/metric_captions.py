"""Made-up captions for the metric fixtures and benches: rows of one prediction and its references.

Most are what a captioner writes; the rest is what breaks tokenizers and counters: contractions,
abbreviations, numbers, quotes, markup, other scripts, emoji, odd whitespace, captions of one word,
of one word many times, and of nothing. The same seed gives the same rows.
"""

import random

SUBJECTS = """a cat|two dogs|a young man|an old woman|the children|a group of people|a red double-decker bus
|three zebras|a skateboarder|someone|a man and a woman|several kites|a plate of food|the man's dog
|a baby elephant|people|a large clock tower|a laptop computer|a close up of a pizza|cows|a surfer
|a black-and-white photo of a train|a little girl|an airplane|a flock of geese|the women|firefighters
|a herd of sheep|a person|a bride and groom|a traffic light|a teddy bear|mice|a tennis player""".replace("\n", "").split("|")
VERBS = """is sitting|are standing|sits|stood|is riding|rides|are playing|was walking|is flying|looking
|runs quickly|ran|is being held|parked|are lying|is eating|eats|jumping|smiling happily|hangs|is seen
|can't move|isn't looking|won't stop|has been placed|swings|catches|is catching|grazing|wandered""".replace("\n", "").split("|")
PLACES = """on a mat|in the street|on top of a wooden table|near the ocean|in a field of tall grass
|under an umbrella|next to a window|in front of a building|at the beach|down a snowy hill|with a frisbee
|by the side of the road|inside a kitchen|across the river|at 5 p.m.|in the U.S.|on Main St. in Boston
|between two trees|behind the fence|over a body of water|with his mother's phone|on it|at night
|on a cell phone|in a parking lot|through the air|while holding a tennis racket|beside Dr. Smith""".replace("\n", "").split("|")
ADDED = """, smiling| and a dog| (black and white)|; it's raining| - a photo|, etc.|...|!|?|?!| with 3 others
| for $5.00| 50% off| at 10:30|, 1,000 of them| 1/2 eaten| "Stop" sign| 'quoted'| ``old quotes''| “curly” quotes
| ‘single’ quotes| R&B| AT&T| rock'n'roll| the '90s| o'clock| #1| @home| a/c| TV/VCR| x-ray| 3-D| -- dashes
| – en dash| — em dash| [brackets]| {braces}| <tag>| <br />| &amp; more| &quot;q&quot;| 5'10"| 20°C| €20
| ½ cup| no. 5| vs. them| Inc. logo| J. K. Rowling| e.g. this| i.e. that| they'll go| I'd say| you've seen
| she's here| gonna run| cannot see| wanna play| y'all| ma'am| ol' dog| 'tis| :) | ;-)| :D| http://example.com/a?b=c
| www.site.org| me@mail.com| file.txt| C++| U.N.| Ph.D.| 12/25/2020| 555-1234| +1| -5| 3.14| .5| 1st| 2nd
| ice-cream| mother-in-law| state-of-the-art| 100m| 6ft| USA| iPhone| McDonald's| James' hat| the dogs' bowls""".replace("\n", "").split("|")
WORLD = """Café|größe|naïve|кошка на коврике|猫が座る|고양이|قطة|γάτα|Ünïcödé|e\u0301te\u0301|ﬁsh|ＡＢＣ|Ⅷ|№ 5|½|²
|İstanbul|straße|हिन्दी|ไทย|¿qué?|¡hola!|«chat»|„Katze“|日本語。|🐈|🐕 dog|👩‍👩‍👧 family|❤️|🇩🇪|a🐈b|…|•|™|×|→|\u200bzero
|soft\u00adhyphen|non\u00a0breaking|\ufeffbom|\u3000wide space|𝔘nicode|œuvre|Æther|ñandú|l'homme|d’accord""".replace("\n", "").split("|")
PIECES = list("abcdefgABCDEFG0123456789 \t.,;:!?'\"`-_/\\()[]{}<>&%$#@*+=~^|") + [
    "'s", "n't", "'ll", "'re", "&amp;", "&lt;", "...", "--", "``", "''", "U.S.", "Mr.", "a.m.", "é", "ß", "猫", "🐈",
    "’", "“", "”", "–", "—", "…", "\u00a0", "½", "€", "£", "°", "the", "The", "cat", "Inc", "St", "No.", "http://", ".com",
]
ODD = ["", " ", "\t", "  \t ", ".", "!!!", "''", "a", "A", "I", "cat", "cat.", "Cats", "the the the the the the",
       "dog dog", "a a a a a a a a a a", "-", "🐈", "¿?", "n't", "'s", "a  b   c", " cat ", "one\ttwo", "...", "( )", "\u00a0"]


def simple(rng: random.Random) -> str:
    return f"{rng.choice(SUBJECTS)} {rng.choice(VERBS)} {rng.choice(PLACES)}"


def caption(rng: random.Random) -> str:
    """One caption of any kind."""
    kind = rng.random()
    if kind < 0.55:
        text = simple(rng)
    elif kind < 0.75:
        text = simple(rng) + rng.choice(ADDED)
    elif kind < 0.85:
        text = f"{simple(rng)} {rng.choice(WORLD)} {rng.choice(PLACES)}"
    elif kind < 0.9:
        text = f"{simple(rng)}\n{simple(rng)}\n{simple(rng)}"
    elif kind < 0.95:
        text = "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 30)))
    else:
        text = rng.choice(ODD)
    if rng.random() < 0.4:
        text = text[:1].upper() + text[1:]
    if rng.random() < 0.4:
        text += "."
    if rng.random() < 0.02:
        text = text.upper()
    if rng.random() < 0.03:
        text = text.replace(" ", "  ", 1)
    return text


def changed(text: str, rng: random.Random) -> str:
    """The caption as a captioner might have it: a few words dropped, doubled, moved or replaced."""
    words = text.split(" ")
    for _ in range(rng.randint(0, 4)):
        place = rng.randrange(len(words) + 1)
        edit = rng.randrange(5)
        if edit == 0 and len(words) > 1:
            del words[place - 1]
        elif edit == 1:
            words.insert(place, rng.choice(simple(rng).split(" ")))
        elif edit == 2 and words:
            words[place - 1] = rng.choice(simple(rng).split(" "))
        elif edit == 3 and words:
            words.insert(place, words[place - 1])
        elif edit == 4 and words:
            words.append(words.pop(place - 1))
    return " ".join(words)


def row(rng: random.Random, references: int) -> dict:
    first = caption(rng)
    others = [changed(first, rng) if rng.random() < 0.6 else caption(rng) for _ in range(references - 1)]
    kind = rng.random()
    prediction = first if kind < 0.05 else caption(rng) if kind < 0.2 else changed(first, rng)
    return {"prediction": prediction, "references": [first, *others]}


def rows(count: int, seed: int) -> list[dict]:
    rng = random.Random(seed)
    return [row(rng, rng.choice([1, 1, 2, 3, 5])) for _ in range(count)]


def simple_rows(count: int, seed: int) -> list[dict]:
    """Ordinary captions only, five references each, as COCO has them; for benches."""
    rng = random.Random(seed)
    result = []
    for _ in range(count):
        first = simple(rng)
        others = [changed(first, rng) for _ in range(4)]
        result.append({"prediction": changed(first, rng), "references": [first, *others]})
    return result
