//! Every instruction set against the portable reference, to the bit.

use proptest::prelude::*;

use super::{CENTROIDS, Hit, Isa, Line, OCTET, Part, Polar};

/// Around every edge of the lanes (16, 32) and of the rows that share a pass (4).
const DIMS: [usize; 14] = [1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 63, 65, 384, 769];

fn floats(n: usize, seed: u64) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..n).map(|_| (random.f32() - 0.5) * 10f32.powi(random.i32(-6..6))).collect()
}

fn wide() -> Vec<Isa> {
    Isa::available().into_iter().filter(|isa| !matches!(isa, Isa::Portable)).collect()
}

#[test]
fn the_portable_path_is_always_there_and_last() {
    assert!(matches!(Isa::available().last(), Some(Isa::Portable)));
}

#[cfg(target_arch = "aarch64")]
#[test]
fn neon_is_there_wherever_arm64_is() {
    assert_eq!(Isa::best().name(), "neon");
}

#[test]
fn similarities_are_equal_on_every_isa() {
    for dim in DIMS {
        let (query, rows) = (floats(dim, 1), floats(dim * 5, 2));
        let run = |isa: Isa| {
            let (mut dots, mut distances) = ([0.0; 5], [0.0; 5]);
            isa.dots(&query, &rows, &mut dots);
            isa.distances(&query, &rows, &mut distances);
            (dots.map(f32::to_bits), distances.map(f32::to_bits))
        };
        for isa in wide() {
            assert_eq!(run(isa), run(Isa::Portable), "{} at {dim}", isa.name());
        }
    }
}

#[test]
fn a_dot_product_is_near_the_one_in_double_precision() {
    for dim in DIMS {
        let (a, b) = (floats(dim, 3), floats(dim, 4));
        let exact: f64 = a.iter().zip(&b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum();
        let size: f64 = a.iter().zip(&b).map(|(x, y)| (f64::from(*x) * f64::from(*y)).abs()).sum();
        let mut out = [0.0];
        Isa::Portable.dots(&a, &b, &mut out);
        assert!((f64::from(out[0]) - exact).abs() <= 1e-6 * size, "dim {dim}");
    }
}

#[test]
fn a_rotation_does_not_depend_on_the_isa_nor_on_how_rows_are_batched() {
    for dim in DIMS {
        for tiles in [1, 3, 9] {
            let columns = tiles * CENTROIDS;
            let (rows, matrix) = (floats(9 * dim, 5), floats(columns * dim, 6));
            let run = |isa: Isa, batch: usize| {
                let mut out = vec![0.0; 9 * columns];
                for (rows, out) in rows.chunks(batch * dim).zip(out.chunks_mut(batch * columns)) {
                    isa.rotate(rows, dim, &matrix, out);
                }
                out.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
            };
            let reference = run(Isa::Portable, 1);
            for isa in Isa::available() {
                for batch in [1, 2, 4, 5, 9] {
                    assert_eq!(run(isa, batch), reference, "{} at {dim}, batch {batch}", isa.name());
                }
            }
        }
    }
}

#[test]
fn the_nearest_centroid_is_found_on_every_isa() {
    for length in [1, 2, 5, 16, 40] {
        let (rows, centroids) = (floats(21 * length, 7), floats(length * CENTROIDS, 8));
        let mut norms = [0.0; CENTROIDS];
        for column in centroids.chunks_exact(CENTROIDS) {
            for (norm, c) in norms.iter_mut().zip(column) {
                *norm += c * c;
            }
        }
        let run = |isa: Isa| {
            let mut codes = [0; 21];
            isa.nearest(&rows, &centroids, &norms, &mut codes);
            codes
        };
        let codes = run(Isa::Portable);
        for isa in wide() {
            assert_eq!(run(isa), codes, "{} at {length}", isa.name());
        }
        for (row, code) in rows.chunks_exact(length).zip(codes) {
            let distance = |k: usize| -> f64 {
                (0..length).map(|j| f64::from(row[j] - centroids[j * CENTROIDS + k]).powi(2)).sum()
            };
            let best = (0..CENTROIDS).map(distance).fold(f64::INFINITY, f64::min);
            let size: f64 = best + row.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
            assert!(distance(usize::from(code)) <= best + 1e-5 * size);
        }
    }
}

/// Hits of a scan and what `extend` makes of them, on every instruction set alike.
fn hits_of(parts: &[Part<'_>], rows: &[u16], floor: u16) -> (Vec<Hit>, Vec<Hit>) {
    let run = |isa: Isa| {
        let mut hits = vec![Hit { row: 7, sum: 7 }];
        isa.scan(parts, rows, floor, &mut hits);
        let found = hits.split_off(1);
        assert_eq!(hits, [Hit { row: 7, sum: 7 }], "{}", isa.name());
        let mut extended = found.clone();
        isa.extend(parts.last().unwrap(), &mut extended);
        (found, extended)
    };
    let expected = run(Isa::Portable);
    for isa in wide() {
        assert_eq!(run(isa), expected, "{}", isa.name());
    }
    expected
}

#[test]
fn sums_of_the_largest_entries_do_not_overflow() {
    for lines in [1, 2, 3, 127, 128] {
        // Four tables share 255 when lines come in pairs, two when the last is alone.
        let tables: Vec<[Line; 2]> = (0..lines)
            .map(|line| if line == lines - 1 && lines % 2 == 1 { [127, 128] } else { [[64, 64], [64, 63]][line % 2] })
            .map(|entries| entries.map(|entry| Line([entry; 64])))
            .collect();
        let codes = vec![Line([0xff; 64]); 3 * lines];
        let part = Part { codes: &codes, tables: &tables };
        let sum = lines.div_ceil(2) as u32 * 4 * 255;
        let (hits, extended) = hits_of(&[part], &[!0; 3], sum as u16);
        assert_eq!(hits, (0..48).map(|row| Hit { row, sum }).collect::<Vec<_>>());
        assert_eq!(extended, (0..48).map(|row| Hit { row, sum: 2 * sum }).collect::<Vec<_>>());
        assert_eq!(hits_of(&[part], &[!0; 3], sum as u16 + 1).0, []);
    }
}

proptest! {
    #[test]
    fn products_of_whole_numbers_are_equal_on_every_isa(pairs in 1usize..70, n in 1usize..10, seed in any::<u64>()) {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut numbers = |n: usize| (0..n).map(|_| random.i16(-2_000..=2_000)).collect::<Vec<_>>();
        let (rows, centroids) = (numbers(n * 2 * pairs), numbers(pairs * 2 * CENTROIDS));
        let run = |isa: Isa| {
            let mut out = vec![1; n * CENTROIDS];
            isa.products(&rows, &centroids, &mut out);
            out
        };
        let expected: Vec<i32> = (0..n * CENTROIDS)
            .map(|i| {
                let component = |j: usize| i32::from(centroids[(j / 2 * CENTROIDS + i % CENTROIDS) * 2 + j % 2]);
                (0..2 * pairs).map(|j| i32::from(rows[i / CENTROIDS * 2 * pairs + j]) * component(j)).sum()
            })
            .collect();
        for isa in Isa::available() {
            prop_assert_eq!(run(isa), expected.clone(), "{}", isa.name());
        }
    }

    #[test]
    fn products_with_bytes_are_those_with_the_same_words(pairs in 1usize..70, n in 1usize..10, seed in any::<u64>()) {
        let mut random = fastrand::Rng::with_seed(seed);
        let rows: Vec<i16> = (0..n * 2 * pairs).map(|_| random.i16(-2_000..=2_000)).collect();
        let bytes: Vec<i8> = (0..pairs * 2 * CENTROIDS).map(|_| random.i8(..)).collect();
        let words: Vec<i16> = bytes.iter().map(|byte| i16::from(*byte)).collect();
        for isa in Isa::available() {
            let (mut out, mut expected) = (vec![1; n * CENTROIDS], vec![1; n * CENTROIDS]);
            isa.byte_products(&rows, &bytes, &mut out);
            Isa::Portable.products(&rows, &words, &mut expected);
            prop_assert_eq!(out, expected, "{}", isa.name());
        }
    }

    #[test]
    fn the_least_sum_of_products_is_chosen_on_every_isa(count in 1usize..130, n in 1usize..9, seed in any::<u64>()) {
        let mut random = fastrand::Rng::with_seed(seed);
        let pair = CENTROIDS * CENTROIDS;
        let others = random.usize(0..=count);
        let products: Vec<i16> = (0..others * pair).map(|_| random.i16(-250..=250)).collect();
        let costs: Vec<i32> = (0..n * CENTROIDS).map(|_| random.i32(-9..9) * random.i32(-1_000..1_000)).collect();
        let codes: Vec<u8> = (0..n * count).map(|_| random.u8(..16)).collect();
        let m = random.usize(..count);
        let active: Vec<u32> = (0..n as u32).filter(|_| random.bool()).collect();
        let run = |isa: Isa| {
            let (mut codes, mut gains) = (codes.clone(), vec![0; n]);
            isa.choose(&products, &costs, &mut codes, count, m, &active, &mut gains);
            (codes, gains)
        };
        let (chosen, gains) = run(Isa::Portable);
        for isa in wide() {
            prop_assert_eq!(run(isa), (chosen.clone(), gains.clone()));
        }
        let sum = |row: usize, k: usize| -> i32 {
            let others = (0..others).map(|o| i32::from(products[o * pair + usize::from(codes[row * count + o]) * CENTROIDS + k]));
            costs[row * CENTROIDS + k] + others.sum::<i32>()
        };
        let mut expected = codes.clone();
        for (row, gain) in active.iter().map(|row| *row as usize).zip(gains) {
            let least = (0..CENTROIDS).min_by_key(|k| (sum(row, *k), *k)).unwrap();
            prop_assert_eq!(gain, sum(row, usize::from(codes[row * count + m])) - sum(row, least));
            expected[row * count + m] = least as u8;
        }
        prop_assert_eq!(chosen, expected);
    }

    #[test]
    fn scans_find_the_rows_of_a_plain_loop_on_every_isa(
        first in 0usize..20, second in 0usize..9, groups in 0usize..14, share in 0u32..5, seed in any::<u64>(),
    ) {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut tables = |lines: usize| -> Vec<[Line; 2]> {
            (0..lines).map(|_| [(); 2].map(|()| Line(std::array::from_fn(|_| random.u8(..64))))).collect()
        };
        let tables = [tables(2 * first), tables(second)];
        let codes = tables.each_ref().map(|tables| -> Vec<Line> {
            (0..groups * tables.len()).map(|_| Line(std::array::from_fn(|_| random.u8(..)))).collect()
        });
        // From no row to every row, most groups empty or full between them.
        let rows: Vec<u16> = (0..groups)
            .map(|_| (0..share).fold(!0, |rows, _| rows & random.u16(..)) * u16::from(share == 0 || random.bool()))
            .collect();
        let sum_of = |part: usize, row: usize| -> u32 {
            let lines = tables[part].len();
            (0..4 * lines)
                .map(|byte| {
                    let lane = byte % 4 * 16;
                    let code = usize::from(codes[part][row / 16 * lines + byte / 4].0[lane + row % 16]);
                    let [low, high] = &tables[part][byte / 4];
                    u32::from(low.0[lane + code % 16]) + u32::from(high.0[lane + code / 16])
                })
                .sum()
        };
        let sums: Vec<u32> = (0..groups * 16).map(|row| sum_of(0, row) + sum_of(1, row)).collect();
        let floor = if sums.is_empty() { 0 } else { sums[random.usize(..sums.len())] };
        let parts = [0, 1].map(|i| Part { codes: &codes[i], tables: &tables[i] });
        let (hits, extended) = hits_of(&parts, &rows, floor as u16);
        let expected: Vec<Hit> = (0..groups * 16)
            .filter(|row| rows[row / 16] >> (row % 16) & 1 == 1 && sums[*row] >= floor)
            .map(|row| Hit { row: row as u32, sum: sums[row] })
            .collect();
        prop_assert_eq!(&hits, &expected);
        let more = expected.into_iter().map(|Hit { row, sum }| Hit { row, sum: sum + sum_of(1, row as usize) });
        prop_assert_eq!(extended, more.collect::<Vec<_>>());
    }

    #[test]
    fn sums_over_sparse_spectra_are_those_of_a_plain_loop_on_every_isa(
        top_k in 0usize..70,
        widths in prop::array::uniform3(1usize..=2),
        bits in prop::array::uniform3(0u32..=10),
        on_line in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let mut random = fastrand::Rng::with_seed(seed);
        let [bins, levels, phases] = bits.map(|bits| 1usize << bits);
        let line = [0.01f32, 0.003];
        let magnitudes: Vec<f32> =
            (0..levels).map(|i| if on_line { line[0] + line[1] * i as f32 } else { random.f32() }).collect();
        let mut pairs = |n: usize| (0..n).map(|_| [random.f32() - 0.5, random.f32() - 0.5]).collect::<Vec<_>>();
        let (bins, phases) = (pairs(bins), pairs(phases));
        let polar =
            Polar { widths, bins: &bins, magnitudes: &magnitudes, line: on_line.then_some(line), phases: &phases };
        let mut steps: Vec<u8> = Vec::new();
        let mut expected = [0f32; OCTET];
        for _ in 0..top_k {
            let lengths = [polar.bins.len(), polar.magnitudes.len(), polar.phases.len()];
            let fields: [[usize; OCTET]; 3] = std::array::from_fn(|f| {
                std::array::from_fn(|_| random.usize(..lengths[f].min(1 << (8 * widths[f]))))
            });
            for (field, width) in fields.iter().zip(widths) {
                steps.extend(field.iter().flat_map(|value| value.to_le_bytes()[..width].to_vec()));
            }
            for (l, sum) in expected.iter_mut().enumerate() {
                let ([re, im], [cos, sin]) = (bins[fields[0][l]], phases[fields[2][l]]);
                *sum += magnitudes[fields[1][l]] * (re * cos + im * sin);
            }
        }
        for isa in Isa::available() {
            let mut out = [1.0; OCTET];
            isa.polar_dots(&steps, &polar, &mut out);
            prop_assert_eq!(out.map(f32::to_bits), expected.map(f32::to_bits), "{}", isa.name());
        }
    }
}
