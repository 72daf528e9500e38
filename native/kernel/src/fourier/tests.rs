use super::*;
use crate::arch::GROUP;
use crate::codec::{Rows, Scoring};
use crate::tiers::numbers::Numbers;
use crate::top_k::TopK;
use crate::{Codec, CodecSpec, Control, FourierSpec, Isa, Sample};

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

#[test]
fn arranged_codes_are_read_back() {
    for (dim, spec) in [
        (20, FourierSpec { top_k: 3, mag_bits: 4, phase_bits: 5, norm_bits: 6 }),
        (20, FourierSpec { top_k: 11, mag_bits: 9, phase_bits: 16, norm_bits: 12 }),
        (600, FourierSpec { top_k: 70, norm_bits: 0, ..BITS }),
    ] {
        let sample = rows(21, dim);
        let codec = fit(dim, &sample, spec);
        let codes = codec.encode(&sample).unwrap();
        let arranged = codec.arrange(&codes);
        for (index, code) in codes.chunks_exact(codec.bytes()).enumerate() {
            assert_eq!(codec.extract(&arranged, index), code, "{spec:?} {index}");
        }
    }
}

/// The sum that defines a score, over a row-major code.
fn plain_score(codec: &FourierCodec, query: &[f32], scoring: Scoring, code: &[u8]) -> f32 {
    let spectrum = codec.spectrum(query, scoring).unwrap();
    let (mut dot, mut squared) = (0.0f32, 0.0f32);
    for bin in codec.layout.bins(code) {
        let ([re, im], [cos, sin]) = (spectrum.bin(bin.index), codec.phases[bin.phase]);
        let magnitude = codec.magnitudes[bin.magnitude];
        dot += magnitude * (re * cos + im * sin);
        squared += codec.weights[bin.index] * magnitude * magnitude;
    }
    let norm = codec.norm(code);
    match codec.metric {
        Metric::Cosine if codec.codes_norms() => dot * f32::from(norm > 0.0),
        Metric::Cosine => dot / squared.sqrt(),
        Metric::Dot => norm * dot,
        Metric::Euclidean => {
            let query_squared: f32 = query.iter().map(|x| x * x).sum();
            codec.metric.finish(norm * dot - 0.5 * norm * norm * squared, query_squared)
        }
    }
}

#[test]
fn a_scan_gives_the_scores_of_a_plain_loop_to_the_bit_on_every_isa_and_under_every_mask() {
    let mut random = fastrand::Rng::with_seed(3);
    // The last row is not the last of its octet, nor its octet the last of its group.
    let (n, dim) = (83, 48);
    let sample = rows(n, dim);
    for metric in [Metric::Cosine, Metric::Dot, Metric::Euclidean] {
        for (mag_bits, phase_bits, norm_bits) in [(8, 8, 0), (8, 8, 8), (5, 12, 12), (11, 7, 0)] {
            let spec = CodecSpec::Fourier(FourierSpec { top_k: 9, mag_bits, phase_bits, norm_bits });
            let blob = spec.fit(metric, dim, Sample::of(&sample), &Control::default()).unwrap();
            let Codec::Fourier(codec) = Codec::parse(&blob).unwrap() else { unreachable!() };
            assert!(codec.line.is_some(), "fitted magnitudes are a line");
            let codes = codec.encode(&sample).unwrap();
            let octets = codec.arrange(&codes);
            let numbers: Vec<u32> = (0..n as u32).map(|i| 2 * i + 5).collect();
            // All rows, half of them, and so few that octets have one or none.
            for share in [1.0, 0.5, 0.06] {
                let mut allowed: Vec<u16> = vec![0; n.div_ceil(GROUP)];
                for i in 0..n {
                    allowed[i / GROUP] |= u16::from(random.f64() < share) << (i % GROUP);
                }
                let allowed_rows: Vec<usize> = (0..n).filter(|i| allowed[i / GROUP] >> (i % GROUP) & 1 == 1).collect();
                for scoring in [Scoring::Asymmetric, Scoring::Symmetric] {
                    let spectrum = codec.spectrum(&sample[..dim], scoring).unwrap();
                    let mut expected: Vec<(u32, u32)> = allowed_rows
                        .iter()
                        .map(|i| {
                            let code = &codes[i * codec.bytes..][..codec.bytes];
                            (numbers[*i], plain_score(&codec, &sample[..dim], scoring, code).to_bits())
                        })
                        .collect();
                    for isa in Isa::available() {
                        let mut top = TopK::new(n, n);
                        let rows =
                            Rows { numbers: &Numbers::of(&numbers), allowed: &allowed, block: 7, progressive: false };
                        codec.scan(isa, &spectrum, &octets, &rows, &mut top);
                        let mut found: Vec<(u32, u32)> =
                            top.finish().iter().map(|hit| (hit.row, hit.score.to_bits())).collect();
                        found.sort_unstable();
                        expected.sort_unstable();
                        assert_eq!(found, expected, "{metric:?} {mag_bits} {norm_bits} {scoring:?} {}", isa.name());
                    }
                }
            }
        }
    }
}

#[test]
fn only_levels_on_a_line_are_taken_for_one() {
    for (first, step, levels) in [(0.0, 0.25, 256), (0.013, 3.1e-5, 256), (0.5, 1e-5, 65_536), (0.7, 0.0, 16)] {
        let line: Vec<f32> = (0..levels).map(|i| first + step * i as f32).collect();
        let [first, step] = score::line(&line).expect("a line");
        for (i, level) in line.iter().enumerate() {
            assert_eq!((first + step * i as f32).to_bits(), level.to_bits());
        }
    }
    assert_eq!(score::line(&[0.0, 1.0, 2.0, 3.5]), None);
    assert_eq!(score::line(&[0.0, 1.0, f32::from_bits(2f32.to_bits() + 1), 3.0]), None);
}
