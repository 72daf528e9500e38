//! Codebooks come from files: whatever their bytes are, reading them ends in a codec or an error, and a codec that was read never
//! panics. Bytes are closed by a right checksum, which random damage would not have, so that what is behind it is reached.

use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::Index;
use serde::Deserialize;
use thermocline_kernel::{Codec, Control, Metric, Partition, Request, Scoring};

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    codebook: Vec<u8>,
}

/// Codebooks as fits made them, without their checksum.
fn good() -> Vec<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/codecs.json");
    let golden: Golden = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    golden.cases.into_iter().map(|case| case.codebook[..case.codebook.len() - 4].to_vec()).collect()
}

fn sealed(mut body: Vec<u8>) -> Vec<u8> {
    body.extend(thermocline_kernel::checksum(&body).to_le_bytes());
    body
}

/// What may happen to a file's bytes.
#[derive(Clone, Debug)]
enum Damage {
    Flip(Index, u8),
    /// Numbers of four bytes, as most fields are.
    Field(Index, u32),
    /// One of the first, which say how long the others are.
    Early(usize, u32),
    Cut(Index),
    Insert(Index, Vec<u8>),
    Swap(Index, Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let number = prop_oneof![
        any::<u32>(),
        0..70u32,
        Just(u32::MAX),
        Just(65_536),
        Just(f32::NAN.to_bits()),
        Just(f32::INFINITY.to_bits()),
        Just(f32::MAX.to_bits()),
        Just((-0.0f32).to_bits()),
    ];
    prop_oneof![
        3 => (any::<Index>(), 0..8u8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        2 => (any::<Index>(), number.clone()).prop_map(|(at, to)| Damage::Field(at, to)),
        2 => (0..12usize, number).prop_map(|(at, to)| Damage::Early(at, to)),
        1 => any::<Index>().prop_map(Damage::Cut),
        1 => (any::<Index>(), prop::collection::vec(any::<u8>(), 1..9)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(a, b)| Damage::Swap(a, b)),
    ]
}

fn apply(body: &mut Vec<u8>, damage: Damage) {
    if body.len() < 4 {
        return;
    }
    match damage {
        Damage::Flip(at, bit) => {
            let at = at.index(body.len());
            body[at] ^= 1 << bit;
        }
        Damage::Field(at, to) => {
            let at = 4 * at.index(body.len() / 4);
            body[at..at + 4].copy_from_slice(&to.to_le_bytes());
        }
        Damage::Early(at, to) => {
            if let Some(field) = body.get_mut(4 * at..4 * at + 4) {
                field.copy_from_slice(&to.to_le_bytes());
            }
        }
        Damage::Cut(at) => body.truncate(at.index(body.len())),
        Damage::Insert(at, bytes) => {
            let at = at.index(body.len());
            body.splice(at..at, bytes);
        }
        Damage::Swap(a, b) => {
            let (a, b) = (a.index(body.len()), b.index(body.len()));
            body.swap(a, b);
        }
    }
}

/// Uses a codec for all that a store asks of one. Errors are answers; panics are not.
fn exercise(codec: Codec, codes: &[u8], components: &[f32]) {
    let (dim, bytes) = (codec.dim(), codec.bytes());
    let mut rows: Vec<f32> = components.iter().copied().cycle().take(3 * dim).collect();
    // As every caller does.
    if codec.metric() == Metric::Cosine && thermocline_kernel::to_unit(&mut rows, dim).is_err() {
        return;
    }
    let bits = codec.coordinate_bits();
    assert!(bits.len() <= dim && bits.iter().all(|bits| (0.0..=8.0 * bytes as f32).contains(bits)));
    let codec = Arc::new(codec);
    let _ = codec.encode(&rows);
    let codes: Vec<u8> = codes.iter().copied().cycle().take(40 * bytes).collect();
    let _ = codec.decode(&codes);
    let numbers: Vec<u32> = (0..40).collect();
    let mut partition = Partition::new(dim, codec.metric());
    if partition.set_block(1, &codec, &numbers, &codes, &[0xff; 5]).is_err() {
        return;
    }
    for scoring in [Scoring::Asymmetric, Scoring::Symmetric] {
        let request = Request { queries: &rows[..dim], cold: 10, scoring, ..Request::default() };
        if let Ok(found) = partition.snapshot().search(&request, &Control::default()) {
            assert!(found[0].cold.rows.len() <= 10);
        }
    }
    let _ = partition.decode(1, 39);
    let _ = partition.remove_cold(1, &[3, 4, 39]);
}

#[test]
fn what_was_fitted_is_read() {
    for body in good() {
        exercise(Codec::parse(&sealed(body)).unwrap(), &[1, 2, 3], &[0.5, -0.25, 1.0]);
    }
}

/// Rows may be of any length under `Metric::Dot`, whatever the sample's was.
#[test]
fn rows_much_longer_than_the_sample_are_coded() {
    for body in good() {
        let codec = Codec::parse(&sealed(body)).unwrap();
        for length in [1e3, 1e6, 1e15] {
            let rows: Vec<f32> = (0..codec.dim()).map(|i| if i % 3 == 0 { -length } else { length }).collect();
            assert_eq!(codec.encode(&rows).unwrap().len(), codec.bytes());
        }
    }
}

proptest! {
    #[test]
    fn random_bytes_are_an_error(mut bytes in prop::collection::vec(any::<u8>(), 0..400), magic in 0..3usize) {
        if let Some(start) = bytes.get_mut(..8) {
            start[..4].copy_from_slice([b"TEIG", b"TFOU", b"NONE"][magic]);
            start[4..].copy_from_slice(&[2 - (magic as u8 & 1), 0, 0, 0]);
        }
        prop_assert!(Codec::parse(&bytes).is_err());
        let _ = Codec::parse(&sealed(bytes));
    }

    #[test]
    fn a_damaged_codebook_is_an_error(case in any::<Index>(), damages in prop::collection::vec(damage(), 1..4)) {
        let bodies = good();
        let body = &bodies[case.index(bodies.len())];
        let whole = sealed(body.clone());
        let mut damaged = whole.clone();
        for damage in damages {
            apply(&mut damaged, damage);
        }
        prop_assume!(damaged != whole);
        prop_assert!(Codec::parse(&damaged).is_err());
    }

    #[test]
    fn a_codebook_that_was_changed_and_sealed_again_never_panics(
        case in any::<Index>(),
        damages in prop::collection::vec(damage(), 1..5),
        codes in prop::collection::vec(any::<u8>(), 1..64),
        components in prop::collection::vec(prop_oneof![-2.0f32..2.0, Just(0.0), Just(1e6)], 1..30),
    ) {
        let bodies = good();
        let mut body = bodies[case.index(bodies.len())].clone();
        for damage in damages {
            apply(&mut body, damage);
        }
        if let Ok(codec) = Codec::parse(&sealed(body)) {
            // Larger ones are as sound, and slower.
            if codec.dim() <= 4_096 {
                exercise(codec, &codes, &components);
            }
        }
    }
}
