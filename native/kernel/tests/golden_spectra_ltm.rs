//! Golden vectors of SpectraLTM's encoder, stage by stage: the codebook of a sample, the codes of rows, what they decode
//! to, and the ranking of a query. The TypeScript tests read them too. Every stage is the same on every machine; a change
//! of any of these values is a change of the format.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thermocline_kernel::{Codec, CodecSpec, Control, FourierSpec, Metric, Partition, Request, Sample, Scoring};

const ROWS: usize = 20;
const REFRESH: &str = "GOLDEN=write cargo test -p thermocline-kernel --test golden_spectra_ltm";

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Golden {
    comment: String,
    cases: Vec<Case>,
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Case {
    name: String,
    dim: usize,
    top_k: usize,
    mag_bits: u32,
    phase_bits: u32,
    norm_bits: u32,
    codebook_checksum: u32,
    idx: Vec<u16>,
    mag_q: Vec<u16>,
    phase_q: Vec<u16>,
    norm_q: Vec<u16>,
    decoded_bits: Vec<u32>,
    asymmetric: Hits,
    symmetric: Hits,
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Hits {
    ids: Vec<u32>,
    score_bits: Vec<u32>,
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/spectra-ltm.json")
}

/// Row r, coordinate j: a 32-bit linear congruential generator from `state`, scaled to ±0.5, times r + 1 and over j + 1.
fn rows(n: usize, dim: usize, state: u32) -> Vec<f32> {
    let mut state = state;
    (0..n * dim)
        .map(|i| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((f64::from(state) / 4_294_967_296.0 - 0.5) * (1.0 + (i / dim) as f64) / (1.0 + (i % dim) as f64)) as f32
        })
        .collect()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}

fn run(name: &str, dim: usize, spec: FourierSpec) -> Case {
    let FourierSpec { top_k, mag_bits, phase_bits, norm_bits } = spec;
    let (mut sample, mut given) = (rows(60, dim, 3), rows(ROWS, dim, 1));
    given[..dim].fill(0.0);
    if norm_bits == 0 {
        thermocline_kernel::to_unit(&mut sample, dim).unwrap();
        thermocline_kernel::to_unit(&mut given, dim).unwrap();
    }
    let codebook = CodecSpec::Fourier(spec).fit(Metric::Cosine, dim, Sample::of(&sample), &Control::default()).unwrap();
    let codec = Arc::new(Codec::parse(&codebook).unwrap());
    let codes = codec.encode(&given).unwrap();
    let mut fields = [vec![], vec![], vec![], vec![]];
    for mut code in codes.chunks_exact(codec.bytes()) {
        let limits = [dim / 2 + 1, 1 << mag_bits, 1 << phase_bits, 1 << norm_bits];
        for (i, (field, limit)) in fields.iter_mut().zip(limits).enumerate() {
            for _ in 0..if i < 3 { top_k } else { norm_bits.min(1) as usize } {
                let (bytes, rest) = code.split_at(if limit <= 256 { 1 } else { 2 });
                field.push(u16::from(bytes[0]) | bytes.get(1).map_or(0, |high| u16::from(*high) << 8));
                code = rest;
            }
        }
        assert!(code.is_empty());
    }
    let [idx, mag_q, phase_q, norm_q] = fields;
    let numbers: Vec<u32> = (0..ROWS as u32).collect();
    let mut partition = Partition::new(dim, Metric::Cosine);
    partition.set_block(0, &codec, &numbers, &codes, &[0xff; ROWS.div_ceil(8)]).unwrap();
    let hits = |scoring| {
        let mut query = rows(1, dim, 2);
        if norm_bits == 0 && scoring == Scoring::Symmetric {
            thermocline_kernel::to_unit(&mut query, dim).unwrap();
        }
        let request = Request { queries: &query, cold: 5, scoring, ..Request::default() };
        let found = partition.snapshot().search(&request, &Control::default()).unwrap().remove(0).cold;
        Hits { ids: found.rows, score_bits: bits(&found.scores) }
    };
    Case {
        name: name.to_owned(),
        dim,
        top_k,
        mag_bits,
        phase_bits,
        norm_bits,
        codebook_checksum: thermocline_kernel::checksum(&codebook),
        idx,
        mag_q,
        phase_q,
        norm_q,
        decoded_bits: bits(&codec.decode(&codes[..2 * codec.bytes()]).unwrap()),
        asymmetric: hits(Scoring::Asymmetric),
        symmetric: hits(Scoring::Symmetric),
    }
}

fn fresh() -> Vec<Case> {
    let published = FourierSpec { top_k: 5, mag_bits: 8, phase_bits: 8, norm_bits: 8 };
    vec![
        run("the published bits", 24, published),
        run(
            "other bits, one and two bytes wide",
            24,
            FourierSpec { mag_bits: 5, phase_bits: 11, norm_bits: 16, ..published },
        ),
        run("bin numbers of two bytes", 514, FourierSpec { top_k: 3, ..published }),
        run("a prime dimension", 13, FourierSpec { top_k: 7, ..published }),
        run("no norm", 24, FourierSpec { norm_bits: 0, ..published }),
    ]
}

#[test]
fn every_stage_of_the_encoder_gives_what_it_gave() {
    if std::env::var("GOLDEN").is_ok_and(|mode| mode == "write") {
        let comment = format!(
            "Written by: {REFRESH}. Row r, coordinate j: a 32-bit LCG (x * 1664525 + 1013904223), number / 2^32 - 0.5, times \
             r + 1 and over j + 1. The sample is 60 such rows from state 3; encoded are {ROWS} rows from state 1, the first \
             one set to zeros; the query is a row from state 2. Without norm bits sample, rows and a query to be encoded are scaled to \
             length 1. decoded_bits: the first two rows' float32 bits. \
             codebook_checksum: CRC-32 of the whole codebook. A change of any value here is a change of the format."
        );
        let golden = Golden { comment, cases: fresh() };
        std::fs::write(path(), serde_json::to_string(&golden).unwrap() + "\n").unwrap();
    }
    let golden: Golden = serde_json::from_slice(&std::fs::read(path()).unwrap()).unwrap();
    for (case, now) in golden.cases.iter().zip(&fresh()) {
        assert_eq!(now, case, "{}; if the format changed on purpose: {REFRESH}", case.name);
    }
    assert_eq!(golden.cases.len(), fresh().len());
}
