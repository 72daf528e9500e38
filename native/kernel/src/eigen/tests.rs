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

/// Each nibble moved alone, from every number to every other: how much the decoded row moves along each axis.
fn bits_by_decoding(codec: &EigenCodec) -> Vec<f64> {
    let rank = codec.book.weights.len();
    let mut bits = vec![0.0; rank];
    for m in 0..2 * codec.bytes - 2 {
        let codes: Vec<u8> = (0..16u8)
            .flat_map(|number| {
                let mut code = vec![0; codec.bytes];
                code[m / 2] = number << (4 * (m % 2));
                code
            })
            .collect();
        let rows = codec.decode(&codes);
        let mut moved = vec![0.0f64; rank];
        for (a, b) in (0..16).flat_map(|a| (0..a).map(move |b| (a, b))) {
            for (j, moved) in moved.iter_mut().enumerate() {
                let along: f64 = (0..codec.dim)
                    .map(|i| {
                        f64::from(rows[a * codec.dim + i] - rows[b * codec.dim + i])
                            * f64::from(codec.book.rotation[j * codec.dim + i])
                    })
                    .sum();
                *moved += (along * f64::from(codec.book.weights[j])).powi(2);
            }
        }
        let all: f64 = moved.iter().sum();
        if all > 1e-9 {
            bits.iter_mut().zip(moved).for_each(|(bits, moved)| *bits += 4.0 * moved / all);
        }
    }
    bits
}

#[test]
fn bits_of_coordinates_are_what_nibbles_move_when_they_change() {
    // A block codebook, one with more nibbles than there is to code, and a refined one.
    for (n, dim, bytes) in [(200, 24, 9), (300, 3, 20), (600, 37, 9)] {
        let Codec::Eigen(codec) = fit(Metric::Dot, dim, &rows(n, dim, 8), bytes) else { unreachable!() };
        let bits = codec.coordinate_bits();
        let expected = bits_by_decoding(&codec);
        assert_eq!(bits.len(), expected.len());
        for (bits, expected) in bits.iter().zip(&expected) {
            assert!((f64::from(*bits) - expected).abs() < 0.01, "{bits} {expected}");
        }
        // The last of many nibbles may have nothing left to say: all of their centroids are one.
        let saying = bits.iter().sum::<f32>() / 4.0;
        assert!((saying - saying.round()).abs() < 1e-3 && saying.round() as usize <= 2 * bytes - 2, "{saying} nibbles");
        assert!(bits[0] > bits[bits.len() - 1]);
    }
}

#[test]
fn a_nibble_of_its_own_gives_a_coordinate_four_bits_a_stage() {
    // The first coordinate varies a thousand times as much as the second.
    let mut random = fastrand::Rng::with_seed(11);
    let sample: Vec<f32> = (0..400).flat_map(|_| [random.f32() - 0.5, (random.f32() - 0.5) / 1000.0]).collect();
    let Codec::Eigen(codec) = fit(Metric::Dot, 2, &sample, 3) else { unreachable!() };
    let own = codec.book.spans.iter().filter(|span| (span.start, span.length) == (0, 1)).count();
    assert!(own >= 2, "{:?}", codec.book.spans);
    assert!((codec.coordinate_bits()[0] - 4.0 * own as f32).abs() < 1e-6);
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
    // A refined codebook, whose nibbles are chosen together, and a block codebook.
    for (n, bytes) in [(600, 9), (200, 9)] {
        let sample = rows(n, 37, 5);
        let codec = fit(Metric::Euclidean, 37, &sample, bytes);
        let reference = codec.encode_with(Isa::Portable, &sample).unwrap();
        for isa in Isa::available() {
            let one_by_one: Vec<u8> = sample.chunks(37).flat_map(|row| codec.encode_with(isa, row).unwrap()).collect();
            assert_eq!(one_by_one, reference, "{}", isa.name());
            assert_eq!(codec.encode_with(isa, &sample).unwrap(), reference, "{}", isa.name());
        }
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
        let prepared = codec.prepare(&sample[..dim], crate::Scoring::Asymmetric).unwrap().remove(0);
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
fn arranged_codes_read_back_row_by_row() {
    for bytes in [2, 3, 5, 8, 9, 24, 48, 50, 511, 512] {
        let energies: Vec<f64> = (0..bytes - 1).map(|i| f64::from(i * 7 % 5)).collect();
        for near in [1, bytes as usize / 3, bytes as usize - 1] {
            let layout = layout::Layout::new(&energies, near);
            for n in [0, 1, 15, 16, 17, 100] {
                let codes: Vec<u8> = (0..n * bytes as usize).map(|i| (i * 37 % 251) as u8).collect();
                let groups = layout.arrange(&codes);
                let mut back = vec![0; codes.len()];
                for (index, code) in back.chunks_exact_mut(bytes as usize).enumerate() {
                    layout.extract(&groups, index, code);
                    assert_eq!(layout.scale(&groups, index), *code.last().unwrap());
                }
                assert_eq!(back, codes, "{bytes} bytes, {near} near");
            }
        }
    }
}

/// Estimated scores of rows for a query, by tables as a search has them.
fn scores(codec: &Codec, query: &[f32], codes: &[u8]) -> Vec<f32> {
    let arranged = codec.arrange(codes);
    let prepared = codec.prepare(query, crate::Scoring::Asymmetric).unwrap().remove(0);
    (0..codes.len() / codec.bytes()).map(|i| codec.score(&prepared, &arranged, i)).collect()
}

/// Squared errors of scores, over all pairs of a query and a row: by codes, and by giving every row the score of their mean.
fn score_errors(codec: &Codec, metric: Metric, queries: &[f32], rows: &[f32]) -> (f64, f64) {
    let dim = codec.dim();
    let codes = codec.encode(rows).unwrap();
    let n = rows.len() / dim;
    let mut mean = vec![0.0f64; dim];
    for row in rows.chunks_exact(dim) {
        mean.iter_mut().zip(row).for_each(|(m, x)| *m += f64::from(*x) / n as f64);
    }
    let mean: Vec<f32> = mean.iter().map(|m| *m as f32).collect();
    let (mut coded, mut constant) = (0.0, 0.0);
    for query in queries.chunks_exact(dim) {
        let exact = crate::similarities(metric, query, rows).unwrap();
        let middle = crate::similarities(metric, query, &mean).unwrap()[0];
        for (estimate, exact) in scores(codec, query, &codes).iter().zip(exact) {
            assert!(estimate.is_finite(), "{estimate}");
            coded += f64::from(estimate - exact).powi(2);
            constant += f64::from(middle - exact).powi(2);
        }
    }
    (coded, constant)
}

/// Fits, codes and scores a sample under every metric: finite, and no worse than scoring by the mean, but for rounding.
fn holds_everywhere(name: &str, dim: usize, sample: &[f32], sizes: &[usize]) {
    for metric in [Metric::Cosine, Metric::Dot, Metric::Euclidean] {
        for bytes in sizes {
            let mut sample = sample.to_vec();
            if metric == Metric::Cosine {
                crate::to_unit(&mut sample, dim).unwrap();
            }
            let codec = fit(metric, dim, &sample, *bytes);
            let queries = &sample[..sample.len().min(8 * dim)];
            let (coded, constant) = score_errors(&codec, metric, queries, &sample);
            let largest = sample.iter().fold(0.0f64, |l, x| l.max(f64::from(x.abs())));
            // Of a Euclidean score near 0 the root of the square's rounding is left.
            let rounding = if metric == Metric::Euclidean { 1e-3 * largest } else { 1e-5 * largest * largest };
            let pairs = (queries.len() / dim * (sample.len() / dim)) as f64;
            let allowed = constant * 1.01 + pairs * dim as f64 * rounding.powi(2) + 1e-30;
            assert!(coded <= allowed, "{name}, {metric:?}, {dim} d, {bytes} B: {coded} > {allowed}");
        }
    }
}

#[test]
fn dimensions_and_sizes_of_all_kinds_score_better_than_the_mean() {
    for dim in [8, 13, 61, 251] {
        holds_everywhere("rows", dim, &rows(600, dim, 11), &[8, 31, 63, 512]);
    }
    holds_everywhere("fewer rows than dimensions", 1021, &rows(300, 1021, 12), &[8, 129]);
    holds_everywhere("far fewer rows than dimensions", 4096, &rows(70, 4096, 13), &[8, 512]);
}

#[test]
fn vectors_of_any_length_score_better_than_the_mean() {
    for scale in [1e-30f32, 1e-22, 1e-17, 1e-6, 1e6, 1e16] {
        let sample: Vec<f32> = rows(600, 24, 14).iter().map(|x| x * scale).collect();
        holds_everywhere("scaled rows", 24, &sample, &[8, 40]);
    }
    let mut mixed = rows(600, 24, 15);
    for (i, row) in mixed.chunks_exact_mut(24).enumerate() {
        for x in row {
            *x *= 10f32.powi((i % 7) as i32 - 3);
        }
    }
    holds_everywhere("rows of very different lengths", 24, &mixed, &[8, 40]);
}

#[test]
fn odd_samples_score_no_worse_than_the_mean() {
    let dim = 8;
    let mut outlier = rows(700, dim, 8);
    outlier[3] = 1e15;
    let lone = |n: usize| -> Vec<f32> {
        (1..=n).flat_map(|i| [i as f32, 2.0 * i as f32, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]).collect()
    };
    let cases: [(&str, Vec<f32>); 8] = [
        ("one row", rows(1, dim, 1)),
        ("one row of zeros", vec![0.0; dim]),
        ("two rows", rows(2, dim, 1)),
        ("constant rows", [0.25; 8].repeat(700)),
        ("duplicates of two rows", rows(2, dim, 2).repeat(400)),
        ("rank one, few rows", lone(40)),
        ("rank one", lone(700)),
        ("a giant outlier", outlier),
    ];
    for (name, sample) in cases {
        holds_everywhere(name, dim, &sample, &[2, 8, 20, 512]);
    }
}

#[test]
fn rows_that_were_not_fitted_on_score_better_than_the_mean() {
    for (dim, fitted) in [(24, 600), (96, 60), (96, 600)] {
        for bytes in [8, 20, 48] {
            for metric in [Metric::Cosine, Metric::Dot, Metric::Euclidean] {
                let (mut sample, mut others) = (rows(fitted, dim, 21), rows(200, dim, 22));
                if metric == Metric::Cosine {
                    crate::to_unit(&mut sample, dim).unwrap();
                    crate::to_unit(&mut others, dim).unwrap();
                }
                let codec = fit(metric, dim, &sample, bytes);
                let (coded, constant) = score_errors(&codec, metric, &others[..8 * dim], &others);
                assert!(coded < constant, "{metric:?}, {fitted} rows of {dim} d, {bytes} B: {coded} {constant}");
            }
        }
    }
}

#[test]
fn queries_decide_which_coordinates_are_coded_well() {
    let dim = 16;
    let sample = rows(600, dim, 31);
    // Asked along the last coordinates only, where rows vary least.
    let mut queries = rows(100, dim, 32);
    for query in queries.chunks_exact_mut(dim) {
        query[..12].fill(0.0);
        query[12..].iter_mut().for_each(|x| *x *= 10.0);
    }
    let spec = CodecSpec::Eigen { bytes: 5, seed: 1, effort: Effort::Fast };
    let error = |asked: &[f32]| {
        let sample = Sample { rows: &sample, queries: asked };
        let codec = Codec::parse(&spec.fit(Metric::Dot, dim, sample, &Control::default()).unwrap()).unwrap();
        score_errors(&codec, Metric::Dot, &queries[..20 * dim], sample.rows).0
    };
    assert!(error(&queries) < 0.7 * error(&[]), "{} {}", error(&queries), error(&[]));
}

#[test]
fn a_cancelled_fit_ends_and_says_so() {
    let sample = rows(600, 24, 41);
    for effort in [Effort::Fast, Effort::Best] {
        let control = Control::default();
        control.cancel();
        let spec = CodecSpec::Eigen { bytes: 8, seed: 0, effort };
        assert_eq!(spec.fit(Metric::Dot, 24, Sample::of(&sample), &control), Err(Error::Cancelled));
        let watched = Control::default();
        assert!(spec.fit(Metric::Dot, 24, Sample::of(&sample), &watched).is_ok());
        assert!(watched.done() >= 1.0);
    }
}

#[test]
fn a_codebook_weighs_no_more_than_the_codes_that_it_serves() {
    let (dim, bytes) = (192, 16);
    let sample = rows(1_500, dim, 51);
    let fit = |effort| {
        CodecSpec::Eigen { bytes, seed: 0, effort }
            .fit(Metric::Dot, dim, Sample::of(&sample), &Control::default())
            .unwrap()
    };
    let mut before = 0;
    for stored in [1_100, 1_500, 2_500, 5_000, 20_000] {
        let weight = fit(Effort::Rows(stored)).len();
        assert!(weight <= stored * bytes, "{weight} bytes for {stored} rows");
        assert!(weight >= before);
        before = weight;
    }
    let (fast, best) = (fit(Effort::Fast), fit(Effort::Best));
    assert!(fast.len() < best.len());
    assert_eq!(fit(Effort::Rows(1_000_000)), best);
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
