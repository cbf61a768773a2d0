"""Times Python's `tokenizers` on captions, one piece of work at a time as asked for on stdin.

    python benches/peers/captions.py TOKENIZER_JSON CAPTIONS

CAPTIONS holds one caption a line. For each line "encode" or "decode", prints seconds of the wall clock
and of the processor, and a sum over all ids or characters. Called by `cargo bench -p captioner-text`.
"""

import sys
import time

from tokenizers import Tokenizer


def main(tokenizer: str, captions: str) -> None:
    tokenizer = Tokenizer.from_file(tokenizer)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    with open(captions) as file:
        captions = file.read().splitlines()
    rows = [encoding.ids for encoding in tokenizer.encode_batch(captions)]
    # `encode_batch_fast` leaves the offsets out: the fairer peer, since ids are all that is asked for.
    work = {
        "encode": lambda: [encoding.ids for encoding in tokenizer.encode_batch_fast(captions)],
        "decode": lambda: tokenizer.decode_batch(rows),
    }
    print("ready", flush=True)
    for line in sys.stdin:
        start, processor = time.perf_counter(), time.process_time()
        result = work[line.strip()]()
        wall, processor = time.perf_counter() - start, time.process_time() - processor
        total = sum(sum(row) if line.startswith("encode") else len(row) for row in result)
        print(wall, processor, total, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
