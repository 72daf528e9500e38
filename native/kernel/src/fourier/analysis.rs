//! Rows cut to their strongest bins, with buffers that are kept from row to row.

use num_complex::Complex;

use super::transform::{Scratch, Transform};
use super::{bins_of, weight};
use crate::Error;
use crate::metric::squared_length;
use crate::top_k::{Candidate, TopK, order};

/// One row at a time: its transform, and the numbers of the bins that are kept.
pub(super) struct Analysis<'a> {
    plan: &'a Transform,
    top_k: usize,
    input: Vec<f32>,
    scratch: Scratch,
    pub(super) spectrum: Vec<Complex<f32>>,
    power: Vec<f32>,
    /// Ascending.
    pub(super) kept: Vec<usize>,
}

impl<'a> Analysis<'a> {
    pub(super) fn new(plan: &'a Transform, top_k: usize) -> Self {
        let dim = plan.dim();
        Self {
            plan,
            top_k,
            input: vec![0.0; dim],
            scratch: Scratch::default(),
            spectrum: vec![Complex::default(); bins_of(dim)],
            power: vec![0.0; bins_of(dim)],
            kept: Vec::with_capacity(bins_of(dim)),
        }
    }

    /// Transforms a row into `spectrum`.
    pub(super) fn transform(&mut self, row: impl Iterator<Item = f32>) {
        for (input, x) in self.input.iter_mut().zip(row) {
            *input = x;
        }
        self.plan.forward(&self.input, &mut self.spectrum, &mut self.scratch);
    }

    /// Transforms a row and keeps its strongest bins; of equally strong ones the lowest.
    pub(super) fn cut(&mut self, row: impl Iterator<Item = f32>) {
        self.transform(row);
        for (power, value) in self.power.iter_mut().zip(&self.spectrum) {
            *power = value.norm_sqr();
        }
        let bin = |bin: usize| Candidate { score: self.power[bin], row: bin as u32, place: 0 };
        let mut top = TopK::new(self.top_k, self.power.len());
        (0..self.power.len()).for_each(|number| top.offer(bin(number)));
        let weakest = top.finish().pop();
        let strong = |number: &usize| weakest.is_some_and(|weakest| order(&bin(*number), &weakest).is_le());
        self.kept.clear();
        self.kept.extend((0..self.power.len()).filter(strong));
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
        self.cut(row.iter().map(|x| (f64::from(*x) / scale) as f32));
        let left = self.kept.iter().map(|bin| weight(row.len(), *bin) * self.power[*bin]).sum::<f32>().sqrt();
        if left > 0.0 {
            for value in &mut self.spectrum {
                *value /= left;
            }
        }
        Ok((length * f64::from(left)) as f32)
    }
}
