//! Every parser over the corpus of its fuzzer, and over thousands of bent and mixed copies of it, the same
//! in every run.

use std::path::Path;

use crate::program::full;

/// SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn below(state: &mut u64, bound: usize) -> usize {
    usize::try_from(next(state) % bound.max(1) as u64).expect("small")
}

/// What parsers like to stumble over.
const PIECES: &[&[u8]] = &[
    b"\0",
    b"\r\n",
    b"\"",
    b"%00",
    b"%",
    b"=",
    b"&",
    b";",
    b",",
    b"\xff\xff\xff\xff",
    b"-1",
    b"1e309",
    b"\xe2\x80\xae",
    b"\xed\xa0\x80",
    b"[[",
    b"]]",
    b"99999999999999999999",
];

/// One input made of another: a few bits, bytes and pieces changed, taken out or doubled.
fn bend(input: &[u8], state: &mut u64) -> Vec<u8> {
    let mut bent = input.to_vec();
    for _ in 0..=below(state, 4) {
        let at = below(state, bent.len() + 1);
        match below(state, 6) {
            0 if at < bent.len() => bent[at] ^= 1 << below(state, 8),
            1 if at < bent.len() => bent[at] = u8::try_from(below(state, 256)).expect("a byte"),
            2 => bent.truncate(at),
            3 => {
                let piece = PIECES[below(state, PIECES.len())];
                bent.splice(at..at, piece.iter().copied());
            }
            4 => {
                let to = at + below(state, bent.len() - at + 1);
                let doubled = bent[at..to].to_vec();
                bent.splice(at..at, doubled);
            }
            _ => {
                let to = at + below(state, (bent.len() - at).min(16) + 1);
                bent.drain(at..to);
            }
        }
    }
    bent
}

#[test]
fn no_bytes_whatever_make_a_parser_stumble() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join("corpus");
    let rounds = if full() { 50_000 } else { 1_500 };
    for (name, door) in tuckshop::fuzz::DOORS {
        let mut names: Vec<_> = std::fs::read_dir(corpus.join(name))
            .unwrap_or_else(|error| panic!("{name} has no corpus: {error}"))
            .map(|entry| entry.expect("an entry").path())
            .collect();
        names.sort();
        let inputs: Vec<Vec<u8>> = names.iter().map(|path| std::fs::read(path).expect("read")).collect();
        assert!(!inputs.is_empty(), "{name} has an empty corpus");
        inputs.iter().for_each(|input| door(input));
        let mut state = 4711;
        for round in 0..rounds {
            let bent = bend(&inputs[round % inputs.len()], &mut state);
            if let Err(panic) = std::panic::catch_unwind(|| door(&bent)) {
                eprintln!("{name} stumbles over {bent:02x?}");
                std::panic::resume_unwind(panic);
            }
        }
    }
}

#[test]
fn every_door_has_a_fuzzer() {
    let targets = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join("fuzz_targets");
    for (name, _) in tuckshop::fuzz::DOORS {
        let text = std::fs::read_to_string(targets.join(format!("{name}.rs"))).expect("a target");
        assert!(text.contains(&format!("tuckshop::fuzz::{name}(")), "{name}");
    }
}
