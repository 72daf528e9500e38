//! Scoring: eight rows side by side, in the order of their bins.
//!
//! The scan's sums are those of `score` to the bit: lanes are rows, so wide instructions add up each row's terms in the
//! same order as a plain loop.

use num_complex::Complex;

use super::analysis::Analysis;
use super::{FourierCodec, Layout, bins_of, field};
use crate::arch::{GROUP, OCTET, Polar};
use crate::codec::{Rows, Scoring};
use crate::top_k::TopK;
use crate::{Error, Isa, Metric};

/// Bytes beside each code: the float that [`FourierCodec::beside`] gives.
const BESIDE: usize = 4;

/// Up to so many rows of eight are cheaper to score one by one.
const FEW: u32 = 2;

/// A query's bins, weighted: `score = Σ magnitude · (re · cos + im · sin)`.
pub(crate) struct Spectrum {
    /// Filled up with zeros to a power of two, at least 256.
    bins: Vec<[f32; 2]>,
    squared: f32,
}

/// First and step of levels that are `first + step · i` to the bit: arithmetic is faster than looking them up.
pub(super) fn line(levels: &[f32]) -> Option<[f32; 2]> {
    let (first, last) = (levels[0], levels[levels.len() - 1]);
    let near = (last - first) / (levels.len() - 1) as f32;
    // The last level was rounded, so the step that it was made with may be a neighbour of the one that it gives back.
    let steps = (-4..=4).filter_map(|ulps| near.to_bits().checked_add_signed(ulps)).map(f32::from_bits);
    let straight =
        |step: f32| levels.iter().enumerate().all(|(i, level)| level.to_bits() == (first + step * i as f32).to_bits());
    steps.map(|step| [first, step]).find(|[_, step]| straight(*step))
}

#[cfg(test)]
impl Spectrum {
    pub(super) fn bin(&self, index: usize) -> [f32; 2] {
        self.bins[index]
    }
}

impl Layout {
    /// Bytes of one kept bin of eight rows: eight numbers, eight magnitudes, eight phases.
    fn step(&self) -> usize {
        OCTET * (self.index + self.magnitude + self.phase)
    }

    /// Where the fields of a code lie: offset in the code, offset in the octet for row `lane` of it, width.
    fn places(&self, lane: usize) -> impl Iterator<Item = (usize, usize, usize)> + use<> {
        let Self { top_k, index, magnitude, phase, norm } = *self;
        let step = self.step();
        let of_bins = [(0, index), (index, magnitude), (index + magnitude, phase)].into_iter().flat_map(
            move |(before, width)| {
                (0..top_k).map(move |i| (top_k * before + i * width, i * step + OCTET * before + lane * width, width))
            },
        );
        of_bins.chain([(top_k * (index + magnitude + phase), top_k * step + lane * norm, norm)])
    }
}

impl FourierCodec {
    /// Bytes of eight arranged rows.
    fn octet(&self) -> usize {
        OCTET * (self.bytes + BESIDE)
    }

    /// Row-major codes `[n][bytes]` as octets `[⌈n / 8⌉]`, each `top_k` times eight numbers, eight magnitudes and eight
    /// phases, then eight norms and eight floats, see `beside`; filled up with zeros.
    pub(crate) fn arrange(&self, codes: &[u8]) -> Vec<u8> {
        let octets = (codes.len() / self.bytes).div_ceil(OCTET);
        let mut out = vec![0; octets * self.octet()];
        for (octet, codes) in out.chunks_exact_mut(self.octet()).zip(codes.chunks(OCTET * self.bytes)) {
            for (lane, code) in codes.chunks_exact(self.bytes).enumerate() {
                for (from, to, width) in self.layout.places(lane) {
                    octet[to..to + width].copy_from_slice(&code[from..from + width]);
                }
                let beside = &mut octet[OCTET * self.bytes..].as_chunks_mut::<BESIDE>().0[lane];
                *beside = self.beside(code).to_le_bytes();
            }
        }
        out
    }

    /// The code of row `index` of arranged codes.
    pub(crate) fn extract(&self, arranged: &[u8], index: usize) -> Vec<u8> {
        let octet = &arranged[index / OCTET * self.octet()..][..self.octet()];
        let mut code = vec![0; self.bytes];
        for (to, from, width) in self.layout.places(index % OCTET) {
            code[to..to + width].copy_from_slice(&octet[from..from + width]);
        }
        code
    }

    /// What a score needs of a row beside its dot product, so that no query sums it again: its length under `Cosine`, 1
    /// where magnitudes are relative to it; the norm under `Dot`; half the squared length under `Euclidean`.
    fn beside(&self, code: &[u8]) -> f32 {
        let squared = self.layout.bins(code).fold(0.0, |sum, bin| {
            let magnitude = self.magnitudes[bin.magnitude];
            sum + self.weights[bin.index] * magnitude * magnitude
        });
        let norm = self.norm(code);
        match self.metric {
            Metric::Cosine if self.codes_norms() => f32::from(norm > 0.0),
            Metric::Cosine => squared.sqrt(),
            Metric::Dot => norm,
            Metric::Euclidean => 0.5 * norm * norm * squared,
        }
    }

    pub(crate) fn spectrum(&self, query: &[f32], scoring: Scoring) -> Result<Spectrum, Error> {
        let mut bins = match scoring {
            Scoring::Asymmetric => {
                let mut analysis = Analysis::new(&self.transform, self.layout.top_k);
                analysis.transform(query.iter().copied());
                analysis.spectrum
            }
            Scoring::Symmetric => {
                let code = self.encode(query)?;
                let mut bins = vec![Complex::default(); bins_of(self.dim)];
                for bin in self.layout.bins(&code) {
                    bins[bin.index] = self.value(&bin) * self.norm(&code);
                }
                bins
            }
        };
        for (bin, weight) in bins.iter_mut().zip(&self.weights) {
            *bin *= *weight;
        }
        let mut bins: Vec<[f32; 2]> = bins.into_iter().map(|bin| [bin.re, bin.im]).collect();
        bins.resize(bins.len().next_power_of_two().max(256), [0.0; 2]);
        Ok(Spectrum { bins, squared: query.iter().map(|x| x * x).sum() })
    }

    fn polar<'a>(&'a self, query: &'a Spectrum) -> Polar<'a> {
        let Layout { index, magnitude, phase, .. } = self.layout;
        Polar {
            widths: [index, magnitude, phase],
            bins: &query.bins,
            magnitudes: &self.magnitudes,
            line: self.line,
            phases: &self.phases,
        }
    }

    /// Offers the rows that may be returned by their scores, the same as `score` gives.
    pub(crate) fn scan(&self, isa: Isa, query: &Spectrum, octets: &[u8], rows: &Rows<'_>, top: &mut TopK) {
        let polar = self.polar(query);
        let steps = self.layout.top_k * self.layout.step();
        for (o, octet) in octets.chunks_exact(self.octet()).enumerate() {
            let first = o * OCTET;
            let open = (rows.allowed[first / GROUP] >> (first % GROUP)) as u8;
            let lanes = (0..OCTET).filter(|lane| open >> lane & 1 == 1);
            if open.count_ones() <= FEW {
                for lane in lanes {
                    rows.offer(first + lane, self.score_lane(query, octet, lane), top);
                }
                continue;
            }
            let mut dots = [0.0; OCTET];
            isa.polar_dots(&octet[..steps], &polar, &mut dots);
            let scores: [f32; OCTET] = std::array::from_fn(|lane| self.finish(query, octet, lane, dots[lane]));
            let threshold = top.threshold();
            if scores.iter().any(|score| *score >= threshold) {
                lanes.for_each(|lane| rows.offer(first + lane, scores[lane], top));
            }
        }
    }

    /// The score of row `index` of arranged codes.
    pub(crate) fn score(&self, query: &Spectrum, arranged: &[u8], index: usize) -> f32 {
        let octet = &arranged[index / OCTET * self.octet()..][..self.octet()];
        self.score_lane(query, octet, index % OCTET)
    }

    fn score_lane(&self, query: &Spectrum, octet: &[u8], lane: usize) -> f32 {
        let Layout { top_k, index, magnitude, phase, .. } = self.layout;
        let step = self.layout.step();
        let mut dot = 0.0;
        for step in octet[..top_k * step].chunks_exact(step) {
            let (indices, rest) = step.split_at(OCTET * index);
            let (magnitudes, phases) = rest.split_at(OCTET * magnitude);
            let [re, im] = query.bins[field(indices, index, lane)];
            let [cos, sin] = self.phases[field(phases, phase, lane)];
            dot += self.magnitudes[field(magnitudes, magnitude, lane)] * (re * cos + im * sin);
        }
        self.finish(query, octet, lane, dot)
    }

    #[inline]
    fn finish(&self, query: &Spectrum, octet: &[u8], lane: usize, dot: f32) -> f32 {
        let (fields, beside) = octet.split_at(OCTET * self.bytes);
        let beside = f32::from_le_bytes(beside.as_chunks::<BESIDE>().0[lane]);
        match self.metric {
            Metric::Cosine if beside > 0.0 => dot / beside,
            Metric::Cosine => 0.0,
            Metric::Dot => beside * dot,
            Metric::Euclidean => {
                let norms = &fields[OCTET * (self.bytes - self.layout.norm)..];
                let norm = if self.codes_norms() { self.norms[field(norms, self.layout.norm, lane)] } else { 1.0 };
                self.metric.finish(norm * dot - beside, query.squared)
            }
        }
    }
}
