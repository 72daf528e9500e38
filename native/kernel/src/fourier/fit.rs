//! Calibration: the grids that magnitudes, phases and norms are rounded to.

use super::analysis::Analysis;
use super::transform::Transform;
use super::{MAGIC, VERSION, bins_of};
use crate::blob::Writer;
use crate::spec::FourierSpec;
use crate::{Error, Metric};

pub(crate) fn fit(metric: Metric, dim: usize, sample: &[f32], spec: FourierSpec) -> Result<Vec<u8>, Error> {
    let FourierSpec { top_k, mag_bits, phase_bits, norm_bits } = spec;
    let bits = 1..=16;
    let fits = bits.contains(&mag_bits) && bits.contains(&phase_bits) && norm_bits <= 16;
    if !fits || top_k == 0 || top_k > bins_of(dim) {
        return Err(Error::Parameter);
    }
    let transform = Transform::new(dim);
    let mut analysis = Analysis::new(&transform, top_k);
    let (mut magnitudes, mut norms) = (Range::NONE, Range::NONE);
    for row in sample.chunks_exact(dim) {
        if norm_bits == 0 {
            analysis.cut(row.iter().copied());
        } else {
            let norm = analysis.cut_to_unit(row)?;
            if norm == 0.0 {
                continue;
            }
            norms.include(norm)?;
        }
        for bin in &analysis.kept {
            magnitudes.include(analysis.spectrum[*bin].norm_sqr().sqrt())?;
        }
    }
    let (magnitudes, norms) = (magnitudes.or(0.0), norms.or(1.0));
    let mut out = Writer::new(MAGIC, VERSION);
    for number in [dim as u32, metric as u32, top_k as u32, mag_bits, phase_bits, norm_bits] {
        out.u32(number);
    }
    out.f32s(&magnitudes.evenly(1 << mag_bits));
    for level in 0..1 << phase_bits {
        let angle = std::f64::consts::TAU * f64::from(level) / f64::from(1 << phase_bits);
        out.f32s(&[libm::cos(angle) as f32, libm::sin(angle) as f32]);
    }
    if norm_bits > 0 {
        // Rows of zeros have a level of their own, and only they are coded with it.
        out.f32s(&[0.0]);
        out.f32s(&norms.geometrically((1 << norm_bits) - 1));
    }
    Ok(out.finish())
}

/// The least and the greatest of some numbers, none negative.
#[derive(Clone, Copy)]
struct Range {
    least: f32,
    greatest: f32,
}

impl Range {
    const NONE: Self = Self { least: f32::INFINITY, greatest: f32::NEG_INFINITY };

    fn include(&mut self, value: f32) -> Result<(), Error> {
        if !value.is_finite() {
            return Err(Error::Numeric);
        }
        *self = Self { least: self.least.min(value), greatest: self.greatest.max(value) };
        Ok(())
    }

    /// Itself, or just `value` if nothing was included.
    fn or(self, value: f32) -> Self {
        if self.least <= self.greatest { self } else { Self { least: value, greatest: value } }
    }

    /// `levels`, at least 2, from the least to the greatest with equal steps.
    fn evenly(self, levels: usize) -> Vec<f32> {
        let step = (self.greatest - self.least) / (levels - 1) as f32;
        (0..levels).map(|i| self.least + step * i as f32).collect()
    }

    /// `levels` from the least to the greatest with equal ratios, so that rounding is as fine for short rows as for long
    /// ones; a single one lies in the middle.
    fn geometrically(self, levels: usize) -> Vec<f32> {
        let (least, ratio) = (f64::from(self.least), f64::from(self.greatest) / f64::from(self.least));
        let share = |i: usize| if levels == 1 { 0.5 } else { i as f64 / (levels - 1) as f64 };
        (0..levels).map(|i| (least * libm::pow(ratio, share(i))) as f32).collect()
    }
}
