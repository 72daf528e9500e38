//! The eigen codec on data whose answers are known.

use super::*;
use crate::{Codec, CodecSpec, Control, Effort, Sample};

/// Rows with a falling spectrum and a mean, as embeddings have.
fn rows(n: usize, dim: usize, seed: u64) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut normal = || (0..12).map(|_| random.f32()).sum::<f32>() - 6.0;
    let mut rows = Vec::with_capacity(n * dim);
    for _ in 0..n {
        rows.extend((0..dim).map(|j| normal() / (1.0 + j as f32) + if j == 1 { 0.5 } else { 0.0 }));
    }
    rows
}

fn fit(metric: Metric, dim: usize, sample: &[f32], bytes: usize) -> Codec {
    Codec::parse(
        &CodecSpec::Eigen { bytes, seed: 1, effort: Effort::Best }
            .fit(metric, dim, Sample::of(sample), &Control::default())
            .unwrap(),
    )
    .unwrap()
}

fn error(codec: &Codec, rows: &[f32]) -> f64 {
    let decoded = codec.decode(&codec.encode(rows).unwrap()).unwrap();
    rows.iter().zip(&decoded).map(|(a, b)| f64::from(a - b).powi(2)).sum()
}

#[test]
fn more_bytes_never_decode_worse() {
    let sample = rows(600, 24, 3);
    let errors: Vec<f64> =
        [2, 4, 8, 16, 32].map(|bytes| error(&fit(Metric::Dot, 24, &sample, bytes), &sample)).to_vec();
    assert!(errors.is_sorted_by(|a, b| a > b), "{errors:?}");
    let energy: f64 = sample.iter().map(|x| f64::from(*x).powi(2)).sum();
    assert!(errors[4] < 1e-3 * energy, "{errors:?} of {energy}");
}

#[test]
fn the_same_sample_and_seed_give_the_same_codebook() {
    let sample = rows(300, 17, 4);
    let fit = |seed| {
        CodecSpec::Eigen { bytes: 6, seed, effort: Effort::Best }
            .fit(Metric::Dot, 17, Sample::of(&sample), &Control::default())
            .unwrap()
    };
    assert_eq!(fit(1), fit(1));
    assert_ne!(fit(1), fit(2));
}

#[test]
fn codes_do_not_depend_on_the_isa_nor_on_the_batch() {
    let sample = rows(200, 37, 5);
    let codec = fit(Metric::Euclidean, 37, &sample, 9);
    let reference = codec.encode_with(Isa::Portable, &sample).unwrap();
    for isa in Isa::available() {
        let one_by_one: Vec<u8> = sample.chunks(37).flat_map(|row| codec.encode_with(isa, row).unwrap()).collect();
        assert_eq!(one_by_one, reference, "{}", isa.name());
        assert_eq!(codec.encode_with(isa, &sample).unwrap(), reference, "{}", isa.name());
    }
}

#[test]
fn a_score_is_the_similarity_to_the_decoded_row() {
    let (dim, n) = (24, 100);
    for metric in [Metric::Cosine, Metric::Dot] {
        let mut sample = rows(n, dim, 6);
        if metric == Metric::Cosine {
            crate::to_unit(&mut sample, dim).unwrap();
        }
        let codec = fit(metric, dim, &sample, 10);
        let codes = codec.encode(&sample).unwrap();
        let decoded = codec.decode(&codes).unwrap();
        let arranged = codec.arrange(&codes);
        let prepared = codec.prepare(&sample[..dim], crate::Scoring::Asymmetric).unwrap();
        let exact = crate::similarities(metric, &sample[..dim], &decoded).unwrap();
        for (i, exact) in exact.iter().enumerate() {
            let score = codec.score(&prepared, &arranged, i);
            // The score is also corrected for most of the length that coding lost.
            let tolerance = if metric == Metric::Cosine { 1e-2 } else { 0.1 * exact.abs().max(1.0) };
            assert!((score - exact).abs() <= tolerance, "{metric:?} row {i}: {score} {exact}");
        }
    }
}

#[test]
fn interleaved_codes_read_back_row_by_row() {
    for n in [0, 1, 31, 32, 33, 100] {
        let codes: Vec<u8> = (0..n * 5).map(|i| (i * 37 % 251) as u8).collect();
        let interleaved = score::interleave(&codes, 5);
        let back: Vec<u8> = (0..n).flat_map(|i| score::extract(&interleaved, 5, i)).collect();
        assert_eq!(back, codes);
    }
}

#[test]
fn odd_samples_neither_panic_nor_give_nan() {
    let dim = 8;
    let mut outlier = rows(50, dim, 8);
    outlier[3] = 1e15;
    let cases: [(&str, Vec<f32>); 6] = [
        ("one row", rows(1, dim, 1)),
        ("one row of zeros", vec![0.0; dim]),
        ("constant rows", [0.25; 8].repeat(40)),
        ("duplicates of two rows", rows(2, dim, 2).repeat(20)),
        ("rank one", (1..=40).flat_map(|i| [i as f32, 2.0 * i as f32, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]).collect()),
        ("a giant outlier", outlier),
    ];
    for (name, sample) in cases {
        for metric in [Metric::Cosine, Metric::Dot, Metric::Euclidean] {
            for bytes in [2, 8, 512] {
                let mut sample = sample.clone();
                if metric == Metric::Cosine {
                    crate::to_unit(&mut sample, dim).unwrap();
                }
                let codec = fit(metric, dim, &sample, bytes);
                let codes = codec.encode(&sample).unwrap();
                let arranged = codec.arrange(&codes);
                let prepared = codec.prepare(&sample[..dim], crate::Scoring::Asymmetric).unwrap();
                for i in 0..sample.len() / dim {
                    assert!(codec.score(&prepared, &arranged, i).is_finite(), "{name}, {metric:?}, {bytes} B, row {i}");
                }
            }
        }
    }
}

#[test]
fn a_damaged_codebook_is_refused() {
    let blob = CodecSpec::Eigen { bytes: 3, seed: 0, effort: Effort::Best }
        .fit(Metric::Dot, 4, Sample::of(&rows(40, 4, 9)), &Control::default())
        .unwrap();
    assert!(Codec::parse(&blob).is_ok());
    for length in 0..blob.len() {
        assert_eq!(Codec::parse(&blob[..length]).err(), Some(Error::Codebook), "cut at {length}");
    }
    for i in 0..blob.len() {
        let mut damaged = blob.clone();
        damaged[i] ^= 1 << (i % 8);
        assert_eq!(Codec::parse(&damaged).err(), Some(Error::Codebook), "flipped at {i}");
    }
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let sample = rows(10, 4, 1);
    for bytes in [0, 1, 513] {
        assert_eq!(
            CodecSpec::Eigen { bytes, seed: 0, effort: Effort::Best }.fit(
                Metric::Dot,
                4,
                Sample::of(&sample),
                &Control::default()
            ),
            Err(Error::Parameter)
        );
    }
    assert_eq!(
        CodecSpec::fourier(4).fit(Metric::Dot, 4, Sample::of(&sample), &Control::default()),
        Err(Error::Parameter)
    );
    assert_eq!(
        CodecSpec::fourier(0).fit(Metric::Dot, 4, Sample::of(&sample), &Control::default()),
        Err(Error::Parameter)
    );
    assert_eq!(CodecSpec::fourier(1).fit(Metric::Dot, 4, Sample::of(&[]), &Control::default()), Err(Error::Length));
    assert_eq!(CodecSpec::fourier(1).fit(Metric::Dot, 3, Sample::of(&sample), &Control::default()), Err(Error::Length));
}
