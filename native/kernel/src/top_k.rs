//! The best k of many, in the one order of the project: higher score first, then lower row.

use std::cmp::Ordering;

/// One scored row. `place` is where its code lies, for whoever scores it again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) score: f32,
    pub(crate) row: u32,
    pub(crate) place: u64,
}

/// Less is better.
pub(crate) fn order(a: &Candidate, b: &Candidate) -> Ordering {
    b.score.total_cmp(&a.score).then(a.row.cmp(&b.row))
}

/// Keeps the best `k` of all candidates offered. What it keeps does not depend on the order of the offers.
pub(crate) struct TopK {
    k: usize,
    threshold: f32,
    kept: Vec<Candidate>,
}

impl TopK {
    /// `capacity` bounds how many offers there can be, so that a huge `k` allocates nothing it cannot fill.
    pub(crate) fn new(k: usize, capacity: usize) -> Self {
        let k = k.min(capacity);
        let threshold = if k == 0 { f32::INFINITY } else { f32::NEG_INFINITY };
        Self { k, threshold, kept: Vec::with_capacity(2 * k) }
    }

    /// No candidate below this score can be kept any more; one equal to it can, if its row is low.
    pub(crate) fn threshold(&self) -> f32 {
        self.threshold
    }

    pub(crate) fn offer(&mut self, candidate: Candidate) {
        if self.k == 0 || candidate.score < self.threshold {
            return;
        }
        self.kept.push(candidate);
        if self.kept.len() >= 2 * self.k {
            self.prune();
        }
    }

    fn prune(&mut self) {
        if self.kept.len() > self.k {
            self.kept.select_nth_unstable_by(self.k - 1, order);
            self.kept.truncate(self.k);
            self.threshold = self.kept[self.k - 1].score;
        }
    }

    /// The best so far and perhaps some others, in no particular order.
    pub(crate) fn kept(&self) -> impl Iterator<Item = Candidate> {
        self.kept.iter().copied()
    }

    /// Best first.
    pub(crate) fn finish(mut self) -> Vec<Candidate> {
        self.prune();
        self.kept.sort_unstable_by(order);
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keeps_what_a_full_sort_keeps(scores in prop::collection::vec(-3i8..3, 0..300), k in 0usize..40) {
            let all: Vec<Candidate> = scores
                .iter()
                .enumerate()
                .map(|(i, s)| Candidate { score: f32::from(*s), row: (i as u32 * 7) % 307, place: i as u64 })
                .collect();
            let mut top = TopK::new(k, all.len());
            for candidate in &all {
                top.offer(*candidate);
            }
            let mut sorted = all;
            sorted.sort_by(order);
            sorted.truncate(k);
            prop_assert_eq!(top.finish(), sorted);
        }
    }
}
