//! Lloyd–Max codebooks: the levels of a scalar quantiser with the least mean squared error, for a Gaussian and for a
//! sample. Lloyd (1982) and Max (1960): each level is the mean of its cell, each boundary lies midway between levels.

use libm::{erf, erfc, exp};

/// Coordinates, in standard deviations, beyond which nothing is told apart; it bounds every level.
pub(crate) const REACH: f64 = 16.0;

const GAUSSIAN_ROUNDS: usize = 60;
const SAMPLE_ROUNDS: usize = 1000;

/// The `2^bits` levels for N(0, 1), ascending: the single level 0 for no bits.
///
/// Newton's method on all positive levels at once, whose equations y = c(midpoint before, midpoint after) couple
/// neighbours only; the other half mirrors them. Lloyd's own rounds would take millions at 8 bits.
pub(crate) fn gaussian_levels(bits: u8) -> Vec<f32> {
    let half = (1usize << bits) / 2;
    if half == 0 {
        return vec![0.0];
    }
    // The density of levels tends to the cube root of the Gaussian's (Panter and Dite 1951): a Gaussian √3 as wide.
    let mut levels: Vec<f64> =
        (0..half).map(|i| 3f64.sqrt() * quantile(0.5 + (i as f64 + 0.5) / (2 * half) as f64)).collect();
    for _ in 0..GAUSSIAN_ROUNDS {
        let step = newton_step(&levels);
        for (level, step) in levels.iter_mut().zip(&step) {
            *level -= step;
        }
        if step.iter().all(|step| step.abs() < 1e-14) {
            break;
        }
    }
    levels.iter().rev().map(|y| -*y as f32).chain(levels.iter().map(|y| *y as f32)).collect()
}

/// By what to lower each level: J⁻¹F for F = level - mean of its cell, J tridiagonal.
fn newton_step(levels: &[f64]) -> Vec<f64> {
    let (mut factors, mut step): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    for (i, level) in levels.iter().enumerate() {
        let from = if i == 0 { 0.0 } else { f64::midpoint(levels[i - 1], *level) };
        let to = levels.get(i + 1).map_or(f64::INFINITY, |next| f64::midpoint(*level, *next));
        let weight = 0.5 * (erfc(from / 2f64.sqrt()) - erfc(to / 2f64.sqrt()));
        let mean = (density(from) - density(to)) / weight;
        // Half of what the mean gains as a boundary moves: a boundary moves half as far as a level.
        let before = if i == 0 { 0.0 } else { 0.5 * density(from) * (mean - from) / weight };
        let after = if to.is_finite() { 0.5 * density(to) * (to - mean) / weight } else { 0.0 };
        // Thomas's elimination, downward.
        let (factor, reached) = if i == 0 { (0.0, 0.0) } else { (factors[i - 1], step[i - 1]) };
        let pivot = 1.0 - before - after + before * factor;
        factors.push(-after / pivot);
        step.push((level - mean + before * reached) / pivot);
    }
    for i in (0..levels.len() - 1).rev() {
        step[i] -= factors[i] * step[i + 1];
    }
    step
}

fn density(x: f64) -> f64 {
    exp(-0.5 * x * x) / (2.0 * std::f64::consts::PI).sqrt()
}

/// Where a share `p` from ½ to 1 of N(0, 1) lies below, by halving.
fn quantile(p: f64) -> f64 {
    let (mut low, mut high) = (0.0, REACH);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        let below = 0.5 + 0.5 * erf(middle / 2f64.sqrt());
        if below < p { low = middle } else { high = middle }
    }
    low
}

/// A coordinate in standard deviations, and what a unit of its squared error costs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weighted {
    pub(crate) value: f64,
    pub(crate) weight: f64,
}

/// Levels for `values` by Lloyd's rounds from `levels`; a cell where nothing weighs keeps its level.
pub(crate) fn fitted_levels(mut values: Vec<Weighted>, levels: &[f32]) -> Vec<f32> {
    for Weighted { value, .. } in &mut values {
        *value = value.clamp(-REACH, REACH);
    }
    values.sort_unstable_by(|a, b| a.value.total_cmp(&b.value).then(a.weight.total_cmp(&b.weight)));
    let mut sums = vec![(0.0, 0.0)];
    for (i, Weighted { value, weight }) in values.iter().enumerate() {
        sums.push((sums[i].0 + weight, sums[i].1 + weight * value));
    }
    let mut levels: Vec<f64> = levels.iter().map(|level| f64::from(*level)).collect();
    for _ in 0..SAMPLE_ROUNDS {
        let before = levels.clone();
        let mut from = 0;
        for (i, level) in levels.iter_mut().enumerate() {
            let lower = if i == 0 { -REACH } else { f64::midpoint(before[i - 1], before[i]) };
            let upper = before.get(i + 1).map_or(REACH, |next| f64::midpoint(before[i], *next));
            let to = values.partition_point(|weighted| weighted.value <= upper);
            let weight = sums[to].0 - sums[from].0;
            if weight > 0.0 {
                // Differences of long sums round, and a level stays in its cell.
                *level = ((sums[to].1 - sums[from].1) / weight).clamp(lower, upper);
            }
            from = to;
        }
        if levels == before {
            break;
        }
    }
    levels.iter().map(|level| *level as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean squared error of nearest levels over a fine grid of N(0, 1).
    fn distortion(levels: &[f32]) -> f64 {
        let steps = 400_000;
        let width = 20.0 / f64::from(steps);
        (0..steps)
            .map(|i| {
                let x = -10.0 + (f64::from(i) + 0.5) * width;
                let next = levels.partition_point(|level| f64::from(*level) < x);
                let error = |i: usize| levels.get(i).map_or(f64::INFINITY, |level| (x - f64::from(*level)).powi(2));
                density(x) * width * error(next).min(error(next.wrapping_sub(1)))
            })
            .sum()
    }

    #[test]
    fn gaussian_levels_have_the_published_distortions() {
        // Max (1960), Table I.
        for (bits, expected) in [(1, 0.3634), (2, 0.1175), (3, 0.03454), (4, 0.009_497)] {
            let found = distortion(&gaussian_levels(bits));
            assert!((found / expected - 1.0).abs() < 5e-4, "{bits} bits: {found}");
        }
        assert!((distortion(&gaussian_levels(0)) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn distortion_nears_a_quarter_a_bit_and_levels_ascend_in_mirrored_pairs() {
        for bits in 1..=8 {
            let levels = gaussian_levels(bits);
            assert_eq!(levels.len(), 1 << bits);
            assert!(levels.is_sorted_by(|a, b| a < b));
            assert_eq!(levels, levels.iter().rev().map(|level| -level).collect::<Vec<_>>());
        }
        // Panter and Dite (1951): √3·π/2 · 4^-bits.
        let ratio = distortion(&gaussian_levels(8)) * 65_536.0 / (3f64.sqrt() * std::f64::consts::FRAC_PI_2);
        assert!((ratio - 1.0).abs() < 0.02, "{ratio}");
    }

    #[test]
    fn fitting_moves_levels_to_where_the_values_are() {
        let equal = |value| Weighted { value, weight: 1.0 };
        let values = (0..1000).map(|i| equal(if i % 4 == 0 { 3.0 } else { -1.0 })).collect();
        assert_eq!(fitted_levels(values, &gaussian_levels(1)), [-1.0, 3.0]);
        let (heavy, light) = (Weighted { value: 2.0, weight: 3.0 }, Weighted { value: 6.0, weight: 1.0 });
        assert_eq!(fitted_levels(vec![light, heavy], &gaussian_levels(1))[1..], [3.0]);
        assert_eq!(fitted_levels(Vec::new(), &gaussian_levels(2)), gaussian_levels(2));
        let one = fitted_levels(vec![equal(1e9)], &gaussian_levels(2));
        assert!(one.is_sorted());
        assert_eq!(one[3..], [REACH as f32]);
    }
}
