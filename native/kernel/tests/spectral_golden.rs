//! Golden vectors of `SpectralQuant`'s quantiser, which the TypeScript tests read too: from a stored basis and stored
//! codebooks to coordinates, codes and decoded rows, stage by stage, the same on every machine. Codes are kept by
//! callers, so a change of any of these values breaks theirs.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use thermocline_kernel::{SpectralQuantizer, eigenbasis, rotate};

const DIM: usize = 20;
const ROWS: usize = 150;
/// Rows whose coordinates and decoded components are stored.
const SHOWN: usize = 3;
const REFRESH: &str = "GOLDEN=write cargo test -p thermocline-kernel --test spectral_golden";

/// Floats are stored by their bits.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Golden {
    comment: String,
    dim: usize,
    rows: usize,
    rotation_bits: Vec<u32>,
    /// Of float32 numbers, which float64 holds exactly.
    eigenvalue_bits: Vec<u32>,
    rotated_bits: Vec<u32>,
    cases: Vec<Case>,
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Case {
    name: String,
    signal_bits: u8,
    noise_bits: u8,
    signal_dims: usize,
    use_water_filling: bool,
    calibrated: bool,
    bits: Vec<u8>,
    level_bits: Vec<u32>,
    codes: Vec<u8>,
    decoded_bits: Vec<u32>,
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/spectral-quant.json")
}

/// Row r, coordinate j: a 32-bit linear congruential generator from `state`, scaled to ±0.5 and over j + 1.
fn rows(state: u32) -> Vec<f32> {
    let mut state = state;
    (0..ROWS * DIM)
        .map(|i| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((f64::from(state) / 4_294_967_296.0 - 0.5) / (1.0 + (i % DIM) as f64)) as f32
        })
        .collect()
}

fn to_bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}

fn from_bits(bits: &[u32]) -> Vec<f32> {
    bits.iter().map(|bits| f32::from_bits(*bits)).collect()
}

impl Golden {
    fn quantizer(&self, bits: &[u8], levels: Option<&[f32]>) -> SpectralQuantizer {
        let eigenvalues: Vec<f64> = from_bits(&self.eigenvalue_bits).into_iter().map(f64::from).collect();
        SpectralQuantizer::new(&from_bits(&self.rotation_bits), &eigenvalues, bits, levels).unwrap()
    }

    fn rotated(&self) -> Vec<u32> {
        to_bits(&rotate(&rows(1)[..SHOWN * DIM], DIM, &from_bits(&self.rotation_bits), false).unwrap())
    }

    /// Levels, codes and decoded rows of a case anew; fitted levels are taken as stored.
    fn run(&self, case: &Case) -> (Vec<u32>, Vec<u8>, Vec<u32>) {
        let stored = from_bits(&case.level_bits);
        let quantizer = self.quantizer(&case.bits, case.calibrated.then_some(&stored));
        let codes = quantizer.encode(&rows(1)).unwrap();
        let decoded = quantizer.decode(&codes[..SHOWN * quantizer.bytes()]).unwrap();
        (to_bits(&quantizer.levels()), codes, to_bits(&decoded))
    }
}

fn fresh() -> Golden {
    let basis = eigenbasis(&rows(3), DIM).unwrap();
    let eigenvalues: Vec<f32> = basis.eigenvalues.iter().map(|value| *value as f32).collect();
    let mut golden = Golden {
        comment: format!(
            "Written by: {REFRESH}. Rows are a 32-bit LCG (x * 1664525 + 1013904223) from state 1, each number / 2^32 - 0.5 \
             over its coordinate + 1, as float32. rotated_bits and decoded_bits: the float32 bits of the first three rows."
        ),
        dim: DIM,
        rows: ROWS,
        rotation_bits: to_bits(&basis.rotation),
        eigenvalue_bits: to_bits(&eigenvalues),
        rotated_bits: Vec::new(),
        cases: Vec::new(),
    };
    golden.rotated_bits = golden.rotated();
    let split = |signal_dims: usize, signal_bits, noise_bits| -> Vec<u8> {
        (0..DIM).map(|i| if i < signal_dims { signal_bits } else { noise_bits }).collect()
    };
    // Each bit in turn where λ·4^-bits is largest, the first of equals.
    let mut filled = vec![0u8; DIM];
    for _ in 0..split(5, 4, 1).iter().map(|bits| usize::from(*bits)).sum() {
        let gain = |i: usize| f64::from(eigenvalues[i]) * 4f64.powi(-i32::from(filled[i]));
        let best = (0..DIM).fold(0, |best, i| if gain(i) > gain(best) { i } else { best });
        filled[best] += 1;
    }
    for (name, signal_bits, noise_bits, use_water_filling, calibrated, bits) in [
        ("4 and 1 bits, Gaussian codebooks", 4, 1, false, false, split(5, 4, 1)),
        ("8 and 3 bits, Gaussian codebooks", 8, 3, false, false, split(5, 8, 3)),
        ("4 and 0 bits, calibrated", 4, 0, false, true, split(5, 4, 0)),
        ("water-filled, Gaussian codebooks", 4, 1, true, false, filled.clone()),
        ("water-filled, calibrated", 4, 1, true, true, filled),
    ] {
        let quantizer = golden.quantizer(&bits, None);
        let levels = if calibrated { quantizer.fit(&rows(3)).unwrap() } else { quantizer.levels() };
        let (level_bits, name) = (to_bits(&levels), name.to_owned());
        let (codes, decoded_bits, signal_dims) = (Vec::new(), Vec::new(), 5);
        let mut case = Case {
            name,
            signal_bits,
            noise_bits,
            signal_dims,
            use_water_filling,
            calibrated,
            bits,
            level_bits,
            codes,
            decoded_bits,
        };
        (_, case.codes, case.decoded_bits) = golden.run(&case);
        golden.cases.push(case);
    }
    golden
}

#[test]
fn a_stored_basis_still_gives_the_same_coordinates_levels_codes_and_rows() {
    if std::env::var("GOLDEN").is_ok_and(|mode| mode == "write") {
        std::fs::create_dir_all(path().parent().unwrap()).unwrap();
        std::fs::write(path(), serde_json::to_string(&fresh()).unwrap() + "\n").unwrap();
    }
    let golden: Golden = serde_json::from_slice(&std::fs::read(path()).unwrap()).unwrap();
    assert_eq!(golden.cases.len(), 5);
    assert_eq!(golden.rotated(), golden.rotated_bits);
    for case in &golden.cases {
        let (level_bits, codes, decoded_bits) = golden.run(case);
        assert_eq!(level_bits, case.level_bits, "levels, {}", case.name);
        assert_eq!(codes, case.codes, "codes, {}", case.name);
        assert_eq!(decoded_bits, case.decoded_bits, "decoded rows, {}", case.name);
    }
}
