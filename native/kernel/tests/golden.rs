//! Golden vectors, which the TypeScript tests read too: what a codebook makes of rows and of a query, stage by stage.
//! Everything here follows from the stored codebooks, so it is the same on every machine. A change of any of these
//! values is a change of the format: raise its version.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thermocline_kernel::{Codec, Control, Metric, Partition, Request, Scoring};

const DIM: usize = 24;
const ROWS: usize = 70;
const REFRESH: &str = "GOLDEN=write cargo test -p thermocline-kernel --test golden";

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Golden {
    comment: String,
    dim: usize,
    cases: Vec<Case>,
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Case {
    name: String,
    metric: u8,
    symmetric: bool,
    codebook: Vec<u8>,
    coordinate_bits: Vec<u32>,
    codes: Vec<u8>,
    decoded_bits: Vec<u32>,
    ranking: Vec<u32>,
    score_bits: Vec<u32>,
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/codecs.json")
}

/// Row r, coordinate j: a 32-bit linear congruential generator from state 1, scaled to ±0.5 and over j + 1; then each row
/// over its length. The query is row 0 of the same from state 2.
fn rows(n: usize, state: u32) -> Vec<f32> {
    let mut state = state;
    let mut rows: Vec<f32> = (0..n * DIM)
        .map(|i| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((f64::from(state) / 4_294_967_296.0 - 0.5) / (1.0 + (i % DIM) as f64)) as f32
        })
        .collect();
    thermocline_kernel::to_unit(&mut rows, DIM).unwrap();
    rows
}

fn run(name: &str, metric: Metric, scoring: Scoring, codebook: Vec<u8>) -> Case {
    let codec = Arc::new(Codec::parse(&codebook).unwrap());
    let rows_ = rows(ROWS, 1);
    let codes = codec.encode(&rows_).unwrap();
    let decoded = codec.decode(&codes[..2 * codec.bytes()]).unwrap();
    let numbers: Vec<u32> = (0..ROWS as u32).collect();
    let mut partition = Partition::new(DIM, metric);
    partition.set_block(0, &codec, &numbers, &codes, &[0xff; ROWS.div_ceil(8)]).unwrap();
    let query = rows(1, 2);
    let request = Request { queries: &query, cold: 10, scoring, ..Request::default() };
    let found = partition.snapshot().search(&request, &Control::default()).unwrap().remove(0).cold;
    Case {
        name: name.to_owned(),
        metric: metric as u8,
        symmetric: scoring == Scoring::Symmetric,
        codebook,
        coordinate_bits: codec.coordinate_bits().iter().map(|bits| bits.to_bits()).collect(),
        codes,
        decoded_bits: decoded.iter().map(|x| x.to_bits()).collect(),
        ranking: found.rows,
        score_bits: found.scores.iter().map(|x| x.to_bits()).collect(),
    }
}

#[cfg(feature = "fit")]
fn fresh() -> Vec<Case> {
    use thermocline_kernel::{CodecSpec, Effort, Sample};

    // Enough rows for a refined codebook.
    let sample = rows(600, 3);
    let eigen = CodecSpec::Eigen { bytes: 6, seed: 0, effort: Effort::Best };
    let fourier = CodecSpec::fourier(5);
    let fit = |spec: CodecSpec, metric, sample: &[f32]| {
        spec.fit(metric, DIM, Sample::of(sample), &Control::default()).unwrap()
    };
    let (asymmetric, symmetric) = (Scoring::Asymmetric, Scoring::Symmetric);
    let block = fit(eigen, Metric::Cosine, &sample[..200 * DIM]);
    let refined = fit(eigen, Metric::Cosine, &sample);
    vec![
        run("eigen, block codebook", Metric::Cosine, asymmetric, block),
        run("eigen, refined codebook", Metric::Cosine, asymmetric, refined),
        run("eigen, dot", Metric::Dot, asymmetric, fit(eigen, Metric::Dot, &sample)),
        run("eigen, euclidean", Metric::Euclidean, asymmetric, fit(eigen, Metric::Euclidean, &sample)),
        run("Fourier, asymmetric", Metric::Cosine, asymmetric, fit(fourier, Metric::Cosine, &sample)),
        run("Fourier, symmetric", Metric::Cosine, symmetric, fit(fourier, Metric::Cosine, &sample)),
    ]
}

#[test]
fn stored_codebooks_still_give_the_same_codes_rows_and_scores() {
    #[cfg(feature = "fit")]
    if std::env::var("GOLDEN").is_ok_and(|mode| mode == "write") {
        let comment = format!(
            "Written by: {REFRESH}. Rows are a 32-bit LCG (x * 1664525 + 1013904223) from state 1, each number / 2^32 - 0.5 \
             over its coordinate + 1, rows scaled to length 1; the query is one such row from state 2. decoded_bits: the first two \
             rows' decoded float32 bits; coordinate_bits: those of how many bits each coordinate gets. A change of any value here is a change of the format: raise its version."
        );
        let golden = Golden { comment, dim: DIM, cases: fresh() };
        std::fs::create_dir_all(path().parent().unwrap()).unwrap();
        std::fs::write(path(), serde_json::to_string(&golden).unwrap() + "\n").unwrap();
    }
    let golden: Golden = serde_json::from_slice(&std::fs::read(path()).unwrap()).unwrap();
    assert_eq!(golden.cases.len(), 6);
    for case in golden.cases {
        let metric = Metric::try_from(case.metric).unwrap();
        let scoring = if case.symmetric { Scoring::Symmetric } else { Scoring::Asymmetric };
        let now = run(&case.name, metric, scoring, case.codebook.clone());
        assert_eq!(now, case, "{}; if the format changed on purpose: {REFRESH}", case.name);
    }
}
