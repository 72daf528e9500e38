//! Rows cut to their strongest bins, with buffers that are kept from row to row.

use std::fmt;
use std::sync::Arc;

use realfft::{ComplexToReal, RealFftPlanner, RealToComplex, num_complex::Complex};

use super::{bins_of, weight};
use crate::Error;
use crate::metric::squared_length;

/// The transforms of one dimension, planned once.
#[derive(Clone)]
pub(super) struct Plans {
    pub(super) forward: Arc<dyn RealToComplex<f32>>,
    pub(super) inverse: Arc<dyn ComplexToReal<f32>>,
}

impl fmt::Debug for Plans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plans").field("dim", &self.forward.len()).finish_non_exhaustive()
    }
}

impl Plans {
    /// `dim` is at least 1.
    pub(super) fn new(dim: usize) -> Self {
        let mut planner = RealFftPlanner::<f32>::new();
        Self { forward: planner.plan_fft_forward(dim), inverse: planner.plan_fft_inverse(dim) }
    }
}

/// One row at a time: its transform, and the numbers of the bins that are kept.
pub(super) struct Analysis<'a> {
    plans: &'a Plans,
    top_k: usize,
    input: Vec<f32>,
    scratch: Vec<Complex<f32>>,
    pub(super) spectrum: Vec<Complex<f32>>,
    power: Vec<f32>,
    /// Ascending.
    pub(super) kept: Vec<usize>,
}

impl<'a> Analysis<'a> {
    pub(super) fn new(plans: &'a Plans, top_k: usize) -> Self {
        let dim = plans.forward.len();
        Self {
            plans,
            top_k,
            input: vec![0.0; dim],
            scratch: plans.forward.make_scratch_vec(),
            spectrum: plans.forward.make_output_vec(),
            power: vec![0.0; bins_of(dim)],
            kept: Vec::with_capacity(bins_of(dim)),
        }
    }

    /// Transforms a row into `spectrum`.
    pub(super) fn transform(&mut self, row: impl Iterator<Item = f32>) -> Result<(), Error> {
        for (input, x) in self.input.iter_mut().zip(row) {
            *input = x;
        }
        self.plans
            .forward
            .process_with_scratch(&mut self.input, &mut self.spectrum, &mut self.scratch)
            .map_err(|_| Error::Numeric)
    }

    /// Transforms a row and keeps its strongest bins; of equally strong ones the lowest.
    pub(super) fn cut(&mut self, row: impl Iterator<Item = f32>) -> Result<(), Error> {
        self.transform(row)?;
        for (power, value) in self.power.iter_mut().zip(&self.spectrum) {
            *power = value.norm_sqr();
        }
        let power = &self.power;
        self.kept.clear();
        self.kept.extend(0..power.len());
        if self.top_k < power.len() {
            self.kept.select_nth_unstable_by(self.top_k, |a, b| power[*b].total_cmp(&power[*a]).then(a.cmp(b)));
            self.kept.truncate(self.top_k);
        }
        self.kept.sort_unstable();
        Ok(())
    }

    /// Cuts a row to its strongest bins and scales what is left to length 1. Returns the length it had; 0 for a row of
    /// zeros.
    pub(super) fn cut_to_unit(&mut self, row: &[f32]) -> Result<f32, Error> {
        let length = squared_length(row).sqrt();
        if !length.is_finite() {
            return Err(Error::Numeric);
        }
        // Scaled before the transform, squares of magnitudes neither overflow nor vanish.
        let scale = if length > 0.0 { length } else { 1.0 };
        self.cut(row.iter().map(|x| (f64::from(*x) / scale) as f32))?;
        let left = self.kept.iter().map(|bin| weight(row.len(), *bin) * self.power[*bin]).sum::<f32>().sqrt();
        if left > 0.0 {
            for value in &mut self.spectrum {
                *value /= left;
            }
        }
        Ok((length * f64::from(left)) as f32)
    }
}
