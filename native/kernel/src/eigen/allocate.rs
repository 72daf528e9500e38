//! How many nibbles each coordinate gets.
//!
//! An error in coordinate i of a row reaches the score multiplied by the query's coordinate i, so with queries spread
//! like the rows it costs w_i = λ_i a unit, and what must be small is Σ w_i·D_i, not Σ D_i. Reverse water-filling of a
//! total of B bits over the products λ_i·w_i does that: b_i = max(0, ½·log₂(λ_i·w_i / θ)), θ set so that Σ b_i = B.

use super::codebook::Span;

/// A coordinate worth this many bits or more gets nibbles of its own.
const OWN: f64 = 6.0;

/// Residual stages beyond which float32 has nothing left to refine.
const MAX_STAGES: usize = 6;

/// Bits per coordinate, real-valued, of a budget water-filled over `products` (λ·w, descending, not negative).
pub(crate) fn water_fill(products: &[f64], budget: f64) -> Vec<f64> {
    // With the strongest n filled, log₂ θ = (Σ log₂ s_i - 2·budget) / n; the right n is the largest whose weakest
    // member still lies above θ.
    let mut sum = 0.0;
    let mut level = f64::INFINITY;
    for (i, s) in products.iter().enumerate() {
        let log = s.log2();
        let with = (sum + log - 2.0 * budget) / (i + 1) as f64;
        if !log.is_finite() || log <= with {
            break;
        }
        sum += log;
        level = with;
    }
    products.iter().map(|s| if level.is_finite() { (0.5 * (s.log2() - level)).max(0.0) } else { 0.0 }).collect()
}

/// Cuts coordinates into spans worth one nibble each: a span per stage of a strong coordinate, one for a run of weak.
fn cut(bits: &[f64]) -> Vec<Span> {
    let mut spans = Vec::new();
    let (mut start, mut worth) = (0, 0.0);
    let end = bits.iter().take_while(|b| **b > 0.0).count();
    for (j, b) in bits[..end].iter().enumerate() {
        if *b >= OWN {
            let stages = ((b / 4.0).round() as usize).min(MAX_STAGES);
            spans.extend(std::iter::repeat_n(Span { start: j, length: 1 }, stages));
            start = j + 1;
            continue;
        }
        worth += b;
        if worth >= 4.0 {
            spans.push(Span { start, length: j + 1 - start });
            (start, worth) = (j + 1, 0.0);
        }
    }
    if start < end {
        spans.push(Span { start, length: end - start });
    }
    spans
}

/// Spans for `count` nibbles over coordinates with the given products λ·w (descending), and the bits that each coordinate is
/// worth. Spans that find nothing to code are empty.
pub(crate) fn spans(products: &[f64], count: usize) -> (Vec<Span>, Vec<f64>) {
    // How many spans a budget yields is nearly monotone in it: bisect for the largest that fits.
    let (mut low, mut high) = (0.0, 16.0 * count as f64);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if cut(&water_fill(products, middle)).len() > count {
            high = middle;
        } else {
            low = middle;
        }
    }
    let bits = water_fill(products, low);
    let mut spans = cut(&bits);
    spans.resize(count, Span { start: 0, length: 0 });
    (spans, bits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn water_filling_spends_the_budget_and_levels_the_distortion(
            mut products in prop::collection::vec(1e-9f64..1.0, 1..60),
            budget in 0.1f64..400.0,
        ) {
            products.sort_by(|a, b| b.total_cmp(a));
            let bits = water_fill(&products, budget);
            prop_assert!((bits.iter().sum::<f64>() - budget).abs() < 1e-6 * budget.max(1.0));
            let left: Vec<f64> = products.iter().zip(&bits).map(|(s, b)| s * (-2.0 * b).exp2()).collect();
            let level = left[0];
            for (left, b) in left.iter().zip(&bits) {
                if *b > 0.0 { prop_assert!((left / level - 1.0).abs() < 1e-6) } else { prop_assert!(*left <= level * 1.000_001) }
            }
        }

        #[test]
        fn spans_cover_a_prefix_of_the_coordinates_in_order(
            mut products in prop::collection::vec(0.0f64..1.0, 1..200),
            count in 2usize..300,
        ) {
            products.sort_by(|a, b| b.total_cmp(a));
            let (spans, _) = spans(&products, count);
            prop_assert_eq!(spans.len(), count);
            let mut next = 0;
            for span in spans.iter().filter(|s| s.length > 0) {
                prop_assert!(span.start == next || (span.length == 1 && span.start + 1 == next));
                next = span.start + span.length;
            }
            prop_assert!(next <= products.len());
        }
    }

    #[test]
    fn nothing_to_code_leaves_every_nibble_empty() {
        assert!(spans(&[0.0; 7], 10).0.iter().all(|s| s.length == 0));
    }
}
