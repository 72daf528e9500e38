//! The Fourier codec: `SpectraLTM`'s sparse spectral codes.
//!
//! A row's real Fourier transform has dim/2 + 1 bins; the K of largest magnitude are kept, each as its number, a
//! magnitude on a grid of 256 and a phase on a grid of 256. So a row takes 3 bytes a bin (4 when there are more than
//! 256 bins). The published codec stores the norm beside them; here it is not stored but summed from the magnitudes, for
//! what scoring needs is the norm of the decoded row, and that is in the code already.
//!
//! Score: Σ over kept bins of w·Re(q̂·conj(x̂)) / dim with w = 2, but 1 for the first bin and, when dim is even, the
//! last, by Parseval's theorem the dot product with the decoded row; under `Cosine` over the decoded row's norm.

use realfft::{RealFftPlanner, num_complex::Complex};

use crate::blob::{Reader, Writer};
use crate::codec::{MAX_DIM, Rows, Scoring};
use crate::top_k::TopK;
use crate::{Error, Metric};

pub(crate) const MAGIC: [u8; 4] = *b"TFOU";
const VERSION: u32 = 1;

/// Levels of magnitude and of phase.
const LEVELS: usize = 256;

/// A Fourier codebook, ready to encode and to score.
#[derive(Debug)]
pub struct FourierCodec {
    pub(crate) dim: usize,
    pub(crate) metric: Metric,
    pub(crate) bytes: usize,
    top_k: usize,
    /// Ascending, evenly spaced.
    magnitudes: Vec<f32>,
    /// Cosine and sine of each phase. Stored, never computed anew: no two math libraries agree on them.
    phases: Vec<(f32, f32)>,
}

/// A query's bins, weighted: `score = Σ magnitude · (re · cos + im · sin)`.
pub(crate) struct Spectrum {
    bins: Vec<Complex<f32>>,
    squared: f32,
}

/// One kept bin of a code.
struct Bin {
    index: usize,
    magnitude: u8,
    phase: u8,
}

fn bins_of(dim: usize) -> usize {
    dim / 2 + 1
}

fn bytes_per_index(dim: usize) -> usize {
    if bins_of(dim) <= 256 { 1 } else { 2 }
}

/// Parseval's weight of a bin, over dim.
fn weight(dim: usize, bin: usize) -> f32 {
    let alone = bin == 0 || 2 * bin == dim;
    (if alone { 1.0 } else { 2.0 }) / dim as f32
}

pub(crate) fn fit(metric: Metric, dim: usize, sample: &[f32], top_k: usize) -> Result<Vec<u8>, Error> {
    if top_k == 0 || top_k > bins_of(dim) {
        return Err(Error::Parameter);
    }
    let mut transform = Transform::new(dim)?;
    let (mut low, mut high) = (f32::INFINITY, 0.0f32);
    for row in sample.chunks_exact(dim) {
        let spectrum = transform.run(row)?;
        for bin in strongest(&spectrum, top_k) {
            let magnitude = spectrum[bin].norm_sqr().sqrt();
            low = low.min(magnitude);
            high = high.max(magnitude);
        }
    }
    if !high.is_finite() {
        return Err(Error::Numeric);
    }
    let mut out = Writer::new(MAGIC, VERSION);
    for number in [dim, metric as usize, top_k] {
        out.u32(number as u32);
    }
    let step = (high - low) / (LEVELS - 1) as f32;
    out.f32s(&(0..LEVELS).map(|i| low + step * i as f32).collect::<Vec<_>>());
    for i in 0..LEVELS {
        let angle = std::f64::consts::TAU * i as f64 / LEVELS as f64;
        out.f32s(&[angle.cos() as f32, angle.sin() as f32]);
    }
    Ok(out.finish())
}

/// Numbers of the `k` bins of largest magnitude, ascending. Of equally large ones the lowest are kept.
fn strongest(spectrum: &[Complex<f32>], k: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..spectrum.len()).collect();
    let power: Vec<f32> = spectrum.iter().map(Complex::norm_sqr).collect();
    if k < order.len() {
        order.select_nth_unstable_by(k, |a, b| power[*b].total_cmp(&power[*a]).then(a.cmp(b)));
        order.truncate(k);
    }
    order.sort_unstable();
    order
}

/// A planned transform with its buffers.
struct Transform {
    plan: std::sync::Arc<dyn realfft::RealToComplex<f32>>,
    input: Vec<f32>,
    scratch: Vec<Complex<f32>>,
}

impl Transform {
    fn new(dim: usize) -> Result<Self, Error> {
        if dim == 0 {
            return Err(Error::Parameter);
        }
        let plan = RealFftPlanner::<f32>::new().plan_fft_forward(dim);
        let scratch = plan.make_scratch_vec();
        Ok(Self { plan, input: vec![0.0; dim], scratch })
    }

    fn run(&mut self, row: &[f32]) -> Result<Vec<Complex<f32>>, Error> {
        self.input.copy_from_slice(row);
        let mut spectrum = self.plan.make_output_vec();
        self.plan
            .process_with_scratch(&mut self.input, &mut spectrum, &mut self.scratch)
            .map_err(|_| Error::Numeric)?;
        Ok(spectrum)
    }
}

impl FourierCodec {
    pub(crate) fn parse(blob: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::open(blob, MAGIC, VERSION)?;
        let dim = reader.number(1..=MAX_DIM)?;
        let metric = Metric::try_from(reader.number(0..=2)? as u8).map_err(|_| Error::Codebook)?;
        let top_k = reader.number(1..=bins_of(dim))?;
        let magnitudes = reader.f32s(LEVELS)?;
        let phases = reader.f32s(2 * LEVELS)?.as_chunks::<2>().0.iter().map(|pair| (pair[0], pair[1])).collect();
        reader.close()?;
        if !magnitudes.is_sorted() || magnitudes[0] < 0.0 {
            return Err(Error::Codebook);
        }
        Ok(Self { dim, metric, bytes: top_k * (bytes_per_index(dim) + 2), top_k, magnitudes, phases })
    }

    pub(crate) fn encode(&self, rows: &[f32]) -> Result<Vec<u8>, Error> {
        let mut transform = Transform::new(self.dim)?;
        let mut codes = Vec::with_capacity(rows.len() / self.dim * self.bytes);
        for row in rows.chunks_exact(self.dim) {
            let spectrum = transform.run(row)?;
            let kept = strongest(&spectrum, self.top_k);
            for bin in &kept {
                codes.extend(&(*bin as u16).to_le_bytes()[..bytes_per_index(self.dim)]);
            }
            codes.extend(kept.iter().map(|bin| self.magnitude_of(spectrum[*bin])));
            codes.extend(kept.iter().map(|bin| phase_of(spectrum[*bin])));
        }
        Ok(codes)
    }

    fn magnitude_of(&self, value: Complex<f32>) -> u8 {
        let (low, high) = (self.magnitudes[0], self.magnitudes[LEVELS - 1]);
        if high <= low {
            return 0;
        }
        // A float that does not fit saturates, so magnitudes beyond the grid take its ends.
        ((value.norm_sqr().sqrt() - low) / (high - low) * (LEVELS - 1) as f32 + 0.5) as u8
    }

    fn bins<'a>(&self, code: &'a [u8]) -> impl Iterator<Item = Bin> + use<'a> {
        let (k, wide) = (self.top_k, bytes_per_index(self.dim) == 2);
        (0..k).map(move |i| {
            let index =
                if wide { usize::from(code[2 * i]) | usize::from(code[2 * i + 1]) << 8 } else { usize::from(code[i]) };
            let after = k * if wide { 2 } else { 1 };
            Bin { index, magnitude: code[after + i], phase: code[after + k + i] }
        })
    }

    fn value(&self, bin: &Bin) -> Complex<f32> {
        let (cos, sin) = self.phases[usize::from(bin.phase)];
        Complex::new(cos, sin) * self.magnitudes[usize::from(bin.magnitude)]
    }

    /// Whether every bin number that `codes` `[n][bytes]` name exists.
    pub(crate) fn valid(&self, codes: &[u8]) -> bool {
        codes.chunks_exact(self.bytes).all(|code| self.bins(code).all(|bin| bin.index < bins_of(self.dim)))
    }

    pub(crate) fn decode(&self, codes: &[u8]) -> Result<Vec<f32>, Error> {
        if !self.valid(codes) {
            return Err(Error::Parameter);
        }
        let plan = RealFftPlanner::<f32>::new().plan_fft_inverse(self.dim);
        let mut rows = Vec::with_capacity(codes.len() / self.bytes * self.dim);
        for code in codes.chunks_exact(self.bytes) {
            let mut spectrum = plan.make_input_vec();
            for bin in self.bins(code) {
                let value = self.value(&bin) / self.dim as f32;
                // The first bin and the middle one of an even transform are real.
                let real = bin.index == 0 || 2 * bin.index == self.dim;
                spectrum[bin.index] = if real { Complex::new(value.re, 0.0) } else { value };
            }
            let mut row = plan.make_output_vec();
            plan.process(&mut spectrum, &mut row).map_err(|_| Error::Numeric)?;
            rows.extend(row);
        }
        Ok(rows)
    }

    pub(crate) fn spectrum(&self, query: &[f32], scoring: Scoring) -> Result<Spectrum, Error> {
        let mut bins = match scoring {
            Scoring::Asymmetric => Transform::new(self.dim)?.run(query)?,
            Scoring::Symmetric => {
                let mut bins = vec![Complex::default(); bins_of(self.dim)];
                for bin in self.bins(&self.encode(query)?) {
                    bins[bin.index] = self.value(&bin);
                }
                bins
            }
        };
        for (i, bin) in bins.iter_mut().enumerate() {
            *bin *= weight(self.dim, i);
        }
        Ok(Spectrum { bins, squared: query.iter().map(|x| x * x).sum() })
    }

    pub(crate) fn scan(&self, query: &Spectrum, rows: &Rows<'_>, top: &mut TopK) {
        for (index, code) in rows.codes.chunks_exact(self.bytes).take(rows.numbers.len()).enumerate() {
            rows.offer(index, self.score(query, code), top);
        }
    }

    pub(crate) fn score(&self, query: &Spectrum, code: &[u8]) -> f32 {
        let (mut dot, mut squared) = (0.0f32, 0.0f32);
        for bin in self.bins(code) {
            let q = query.bins[bin.index];
            let magnitude = self.magnitudes[usize::from(bin.magnitude)];
            let (cos, sin) = self.phases[usize::from(bin.phase)];
            dot += magnitude * (q.re * cos + q.im * sin);
            squared += weight(self.dim, bin.index) * magnitude * magnitude;
        }
        match self.metric {
            Metric::Cosine => {
                if squared > 0.0 {
                    dot / squared.sqrt()
                } else {
                    0.0
                }
            }
            Metric::Dot => dot,
            Metric::Euclidean => self.metric.finish(dot - 0.5 * squared, query.squared),
        }
    }
}

fn phase_of(value: Complex<f32>) -> u8 {
    let turns = libm::atan2f(value.im, value.re) / std::f32::consts::TAU;
    ((turns * LEVELS as f32).round() as i32).rem_euclid(LEVELS as i32) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Codec, CodecSpec, Control, Sample};

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
            let spec = CodecSpec::Fourier { top_k: bins_of(dim) };
            let codec = Codec::parse(&spec.fit(Metric::Cosine, dim, Sample::of(&sample), &Control::default()).unwrap())
                .unwrap();
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
            let blob =
                CodecSpec::Fourier { top_k: 9 }.fit(metric, dim, Sample::of(&sample), &Control::default()).unwrap();
            let Codec::Fourier(codec) = Codec::parse(&blob).unwrap() else { unreachable!() };
            let codes = codec.encode(&sample).unwrap();
            let mut decoded = codec.decode(&codes).unwrap();
            if metric == Metric::Cosine {
                crate::to_unit(&mut decoded, dim).unwrap();
            }
            let query = &sample[..dim];
            let spectrum = codec.spectrum(query, Scoring::Asymmetric).unwrap();
            let exact = crate::similarities(metric, query, &decoded).unwrap();
            for (code, exact) in codes.chunks_exact(codec.bytes).zip(exact) {
                let score = codec.score(&spectrum, code);
                // The middle bin of an even transform is real, and its phase is only nearly so in the code.
                assert!((score - exact).abs() < 2e-3, "{metric:?}: {score} {exact}");
            }
        }
    }
}
