use super::*;
use crate::codec::Scoring;
use crate::{Codec, CodecSpec, Control, FourierSpec, Sample};

fn rows(n: usize, dim: usize) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(7);
    let mut rows: Vec<f32> = (0..n * dim).map(|_| random.f32() - 0.5).collect();
    crate::to_unit(&mut rows, dim).unwrap();
    rows
}

#[test]
fn keeping_every_bin_gives_the_row_back_up_to_the_grids() {
    for dim in [1, 2, 7, 8, 31, 64, 384, 600] {
        let sample = rows(20, dim);
        let spec = CodecSpec::fourier(bins_of(dim));
        let codec =
            Codec::parse(&spec.fit(Metric::Cosine, dim, Sample::of(&sample), &Control::default()).unwrap()).unwrap();
        let codes = codec.encode(&sample).unwrap();
        let decoded = codec.decode(&codes).unwrap();
        for (row, back) in sample.chunks_exact(dim).zip(decoded.chunks_exact(dim)) {
            let cosine: f32 = row.iter().zip(back).map(|(a, b)| a * b).sum();
            assert!(cosine > 0.999, "dim {dim}: {cosine}");
        }
    }
}

#[test]
fn an_asymmetric_score_is_the_dot_product_with_the_decoded_row() {
    let (dim, sample) = (48, rows(30, 48));
    for metric in [Metric::Cosine, Metric::Dot, Metric::Euclidean] {
        let blob = CodecSpec::fourier(9).fit(metric, dim, Sample::of(&sample), &Control::default()).unwrap();
        let Codec::Fourier(codec) = Codec::parse(&blob).unwrap() else { unreachable!() };
        let codes = codec.encode(&sample).unwrap();
        let mut decoded = codec.decode(&codes).unwrap();
        if metric == Metric::Cosine {
            crate::to_unit(&mut decoded, dim).unwrap();
        }
        let query = &sample[..dim];
        let spectrum = codec.spectrum(query, Scoring::Asymmetric).unwrap();
        let exact = crate::similarities(metric, query, &decoded).unwrap();
        let arranged = codec.arrange(&codes);
        for (index, exact) in exact.iter().enumerate() {
            let score = codec.score(&spectrum, &arranged, index);
            // The middle bin of an even transform is real, and its phase is only nearly so in the code.
            assert!((score - exact).abs() < 2e-3, "{metric:?}: {score} {exact}");
        }
    }
}

const BITS: FourierSpec = FourierSpec { top_k: 1, mag_bits: 8, phase_bits: 8, norm_bits: 8 };

fn fit(dim: usize, sample: &[f32], spec: FourierSpec) -> Codec {
    Codec::parse(&CodecSpec::Fourier(spec).fit(Metric::Cosine, dim, Sample::of(sample), &Control::default()).unwrap())
        .unwrap()
}

/// The largest error of a decoded component, over the length of its row.
fn error(codec: &Codec, rows: &[f32]) -> f32 {
    let dim = codec.dim();
    let decoded = codec.decode(&codec.encode(rows).unwrap()).unwrap();
    let mut worst = 0.0f32;
    for (row, back) in rows.chunks_exact(dim).zip(decoded.chunks_exact(dim)) {
        let length = row.iter().map(|x| x * x).sum::<f32>().sqrt();
        worst = row.iter().zip(back).fold(worst, |worst, (a, b)| worst.max((a - b).abs() / length));
    }
    worst
}

#[test]
fn coded_norms_give_rows_of_very_different_lengths_back() {
    for dim in [1, 2, 3, 7, 8, 31, 48, 600] {
        let mut sample = rows(40, dim);
        for (i, row) in sample.chunks_exact_mut(dim).enumerate() {
            for x in row {
                *x *= 10f32.powi(i as i32 / 4 - 5);
            }
        }
        let spec = FourierSpec { top_k: bins_of(dim), mag_bits: 16, phase_bits: 16, norm_bits: 16 };
        let worst = error(&fit(dim, &sample, spec), &sample);
        assert!(worst < 1e-3, "dim {dim}: {worst}");
    }
}

#[test]
fn a_code_is_as_wide_as_its_bits_ask_for() {
    for (dim, spec, bytes) in [
        (384, FourierSpec { top_k: 8, ..BITS }, 25),
        (384, FourierSpec { top_k: 8, norm_bits: 0, ..BITS }, 24),
        (384, FourierSpec { top_k: 8, mag_bits: 9, norm_bits: 16, ..BITS }, 34),
        (512, FourierSpec { top_k: 8, mag_bits: 1, phase_bits: 1, norm_bits: 1 }, 33),
    ] {
        let sample = rows(5, dim);
        let codec = fit(dim, &sample, spec);
        assert_eq!(codec.bytes(), bytes);
        assert_eq!(codec.encode(&sample).unwrap().len(), 5 * bytes);
    }
}

#[test]
fn rows_of_zeros_score_and_decode_to_zero() {
    let dim = 6;
    for norm_bits in [0, 1, 8] {
        for sample in [vec![0.0; 2 * dim], rows(3, dim)] {
            let codec = fit(dim, &sample, FourierSpec { top_k: 2, norm_bits, ..BITS });
            let codes = codec.encode(&[0.0; 6]).unwrap();
            let Codec::Fourier(fourier) = &codec else { unreachable!() };
            for scoring in [Scoring::Asymmetric, Scoring::Symmetric] {
                let query = fourier.spectrum(&[1.0; 6], scoring).unwrap();
                let score = fourier.score(&query, &fourier.arrange(&codes), 0);
                // Without coded norms the grid has no level for 0 unless the sample had.
                assert!(score.is_finite() && (score == 0.0 || norm_bits == 0), "{norm_bits}: {score}");
            }
            assert!(codec.decode(&codes).unwrap().iter().all(|x| x.is_finite() && (*x == 0.0 || norm_bits == 0)));
        }
    }
}

#[test]
fn norms_take_the_nearest_level() {
    let sample = rows(20, 9);
    let Codec::Fourier(codec) = fit(9, &sample, FourierSpec { top_k: 2, norm_bits: 4, ..BITS }) else { unreachable!() };
    assert_eq!(codec.norms.len(), 16);
    for (level, norm) in codec.norms.iter().enumerate() {
        let same = codec.norms.iter().position(|other| other.to_bits() == norm.to_bits()).unwrap();
        assert_eq!(codec.norm_of(*norm), same, "level {level}");
    }
    assert_eq!((codec.norm_of(1e-30), codec.norm_of(1e30)), (1, 15));
    assert_eq!(codec.norm_of(codec.norms[3] * 0.9 + codec.norms[4] * 0.1), 3);
    assert_eq!(codec.norm_of(codec.norms[3] * 0.1 + codec.norms[4] * 0.9), 4);
}

#[test]
fn codes_that_name_what_is_not_there_are_refused() {
    let sample = rows(20, 20);
    let codec = fit(20, &sample, FourierSpec { top_k: 3, mag_bits: 4, phase_bits: 5, norm_bits: 6 });
    let code = codec.encode(&sample[..20]).unwrap();
    let with = |changes: &[(usize, u8)]| {
        let mut code = code.clone();
        for (i, value) in changes {
            code[*i] = *value;
        }
        codec.decode(&code)
    };
    assert!(with(&[(0, 1), (1, 2), (2, 10), (3, 15), (6, 31), (9, 63)]).is_ok());
    for bad in
        [&[(2, 11)][..], &[(0, 4), (1, 4), (2, 5)], &[(0, 5), (1, 4), (2, 6)], &[(3, 16)], &[(6, 32)], &[(9, 64)]]
    {
        assert_eq!(with(bad), Err(Error::Parameter), "{bad:?}");
    }
}

#[test]
fn bits_out_of_range_and_rows_that_are_not_finite_are_refused() {
    let sample = rows(4, 8);
    for spec in [
        FourierSpec { mag_bits: 0, ..BITS },
        FourierSpec { mag_bits: 17, ..BITS },
        FourierSpec { phase_bits: 0, ..BITS },
        FourierSpec { phase_bits: 17, ..BITS },
        FourierSpec { norm_bits: 17, ..BITS },
        FourierSpec { top_k: 6, ..BITS },
    ] {
        assert_eq!(
            CodecSpec::Fourier(spec).fit(Metric::Cosine, 8, Sample::of(&sample), &Control::default()).err(),
            Some(Error::Parameter)
        );
    }
    for norm_bits in [0, 8] {
        for bad in [f32::NAN, f32::INFINITY] {
            let spec = CodecSpec::Fourier(FourierSpec { norm_bits, ..BITS });
            assert_eq!(
                spec.fit(Metric::Cosine, 8, Sample::of(&[bad; 8]), &Control::default()).err(),
                Some(Error::Numeric),
                "{norm_bits} {bad}"
            );
        }
    }
    assert_eq!(fit(8, &sample, BITS).encode(&[f32::NAN; 8]), Err(Error::Numeric));
}
