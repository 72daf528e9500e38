//! Calibration: from a sample of rows to a codebook.

use faer::{Mat, Side};

use super::{Codebook, EigenCodec, GRID, allocate, k_means, refine, squared_lengths};
use crate::arch::CENTROIDS;
use crate::codec::{Effort, Sample};
use crate::{Control, Error, Isa, Metric};

/// Bytes a row that the codec can be fitted for.
pub(crate) const BYTES: std::ops::RangeInclusive<usize> = 2..=512;

/// Rows whose covariance is summed in one matrix product.
const CHUNK: usize = 2048;

/// Variances are never taken as smaller than this fraction of their sum: below it float32 rows hold only rounding.
const FLOOR: f64 = 1e-12;

/// Codes of at most this many bytes get refined codebooks; beyond, block codebooks are as good and far faster.
const REFINED: usize = 128;

/// Fewest rows that tell a refined codebook more than noise.
const REFINING_ROWS: usize = 512;

/// The eigenbasis of a sample.
struct Spectrum {
    mean: Vec<f32>,
    /// Shrunk toward their mean.
    variances: Vec<f64>,
    /// What a unit of squared error costs in each coordinate.
    costs: Vec<f64>,
    /// `[dim][dim]`, one eigenvector a row.
    axes: Vec<f32>,
}

pub(crate) fn fit(
    metric: Metric,
    dim: usize,
    sample: Sample<'_>,
    bytes: usize,
    seed: u64,
    effort: Effort,
    control: &Control,
) -> Result<Vec<u8>, Error> {
    let sample = sample.rows;
    if !BYTES.contains(&bytes) {
        return Err(Error::Parameter);
    }
    let spectrum = spectrum(dim, sample)?.by_cost();
    let spans = allocate::spans(&spectrum.products(), 2 * bytes - 2);
    let rank = spans.iter().map(|span| span.start + span.length).max().unwrap_or(0);
    let mut book = Codebook {
        dim,
        metric,
        bytes,
        sweeps: 0,
        rotation: spectrum.axes[..rank * dim].to_vec(),
        weights: spectrum.costs[..rank].iter().map(|cost| cost.sqrt() as f32).collect(),
        mean: spectrum.mean,
        centroids: vec![0.0; spans.iter().map(|span| span.length * CENTROIDS).sum()],
        spans,
        grid: vec![1.0; GRID],
    };
    fit_centroids(&mut book, sample, seed);
    control.at(0.2)?;
    if effort != Effort::Fast && bytes <= REFINED && sample.len() / dim >= REFINING_ROWS {
        refine::refine(&mut book, sample);
    }
    book.round_centroids();
    fit_grid(&mut book, sample);
    Ok(book.write())
}

impl Spectrum {
    /// Coordinates in the order in which they are worth coding.
    ///
    /// An error in a coordinate costs what queries have there. They are taken to be spread like the rows, mean included:
    /// w = λ + (Vᵀμ)². Its square root measured better than itself (nDCG and overlap on SciFact, all byte counts), since
    /// a sample knows its spectrum only so well. Only ratios matter, so costs and products are scaled to their largest.
    fn by_cost(mut self) -> Self {
        let dim = self.mean.len();
        let largest = self.variances.iter().fold(f64::MIN_POSITIVE, |l, v| l.max(*v));
        for variance in &mut self.variances {
            *variance /= largest;
        }
        let along = |axis: &[f32]| axis.iter().zip(&self.mean).map(|(v, m)| f64::from(*v) * f64::from(*m)).sum::<f64>();
        let costs: Vec<f64> = self
            .variances
            .iter()
            .zip(self.axes.chunks_exact(dim))
            .map(|(variance, axis)| (variance + along(axis).powi(2) / largest).sqrt())
            .collect();
        let highest = costs.iter().fold(f64::MIN_POSITIVE, |h, c| h.max(*c));
        let mut order: Vec<usize> = (0..dim).collect();
        order.sort_by(|a, b| (self.variances[*b] * costs[*b]).total_cmp(&(self.variances[*a] * costs[*a])));
        Self {
            variances: order.iter().map(|i| self.variances[*i]).collect(),
            costs: order.iter().map(|i| (costs[*i] / highest).max(FLOOR)).collect(),
            axes: order.iter().flat_map(|i| &self.axes[i * dim..][..dim]).copied().collect(),
            mean: self.mean,
        }
    }

    fn products(&self) -> Vec<f64> {
        self.variances.iter().zip(&self.costs).map(|(variance, cost)| variance * cost).collect()
    }
}

/// Mean, variances and axes. The variances are shrunk toward their mean as Ledoit and Wolf (2004) do for the whole
/// matrix, which matters when the sample is not much larger than the dimension; the axes stay.
fn spectrum(dim: usize, sample: &[f32]) -> Result<Spectrum, Error> {
    let n = sample.len() / dim;
    let mut sums = vec![0.0f64; dim];
    for row in sample.chunks_exact(dim) {
        for (sum, x) in sums.iter_mut().zip(row) {
            *sum += f64::from(*x);
        }
    }
    let mean: Vec<f32> = sums.iter().map(|sum| (sum / n as f64) as f32).collect();

    let mut covariance = Mat::<f64>::zeros(dim, dim);
    let mut fourth = 0.0;
    for chunk in sample.chunks(CHUNK * dim) {
        let centred = Mat::from_fn(chunk.len() / dim, dim, |i, j| f64::from(chunk[i * dim + j]) - f64::from(mean[j]));
        covariance += centred.transpose() * &centred;
        fourth += (0..centred.nrows()).map(|i| centred.row(i).squared_norm_l2().powi(2)).sum::<f64>();
    }
    covariance *= faer::Scale(1.0 / n as f64);

    let trace = (0..dim).map(|i| covariance[(i, i)]).sum::<f64>();
    let average = trace / dim as f64;
    let squared = covariance.squared_norm_l2();
    let spread = squared - dim as f64 * average * average;
    let noise = (fourth / n as f64 - squared) / n as f64;
    let shrinkage = if spread > 0.0 { (noise / spread).clamp(0.0, 1.0) } else { 0.0 };

    let decomposition = covariance.self_adjoint_eigen(Side::Lower).map_err(|_| Error::Numeric)?;
    let (values, vectors) = (decomposition.S().column_vector(), decomposition.U());
    let mut axes = Vec::with_capacity(dim * dim);
    let mut variances = Vec::with_capacity(dim);
    for column in (0..dim).rev() {
        let value = values[column];
        if !value.is_finite() {
            return Err(Error::Numeric);
        }
        variances.push(((1.0 - shrinkage) * value + shrinkage * average).max(FLOOR * trace));
        // An eigenvector's sign is arbitrary; fix it, so that equal samples give equal codebooks.
        let axis = vectors.col(column);
        let strongest = axis.iter().fold(0.0f64, |s, v| if v.abs() > s.abs() { *v } else { s });
        axes.extend(axis.iter().map(|v| (v * strongest.signum()) as f32));
    }
    Ok(Spectrum { mean, variances, costs: Vec::new(), axes })
}

/// Fits nibble after nibble, each on what the ones before it left over.
fn fit_centroids(book: &mut Codebook, sample: &[f32], seed: u64) {
    let isa = Isa::best();
    let codec = EigenCodec::new(book.clone());
    let mut residuals = codec.coordinates(isa, sample);
    let columns = codec.columns;
    let mut numbers = vec![0u8; sample.len() / book.dim];
    let mut random = fastrand::Rng::with_seed(seed);
    let mut begin = 0;
    for span in book.spans.iter().filter(|span| span.length > 0) {
        let centroids = k_means::centroids(isa, &residuals, columns, *span, &mut random);
        let norms = squared_lengths(&centroids);
        let nibble = crate::arch::Nibble { start: span.start, centroids: &centroids, norms: &norms };
        isa.quantise(&mut residuals, columns, nibble, &mut numbers);
        book.centroids[begin..begin + centroids.len()].copy_from_slice(&centroids);
        begin += centroids.len();
    }
}

/// A geometric grid over the scales that the sample needs, and a little beyond.
fn fit_grid(book: &mut Codebook, sample: &[f32]) {
    let codec = EigenCodec::new(book.clone());
    let codes = codec.encode(Isa::best(), sample);
    let (mut low, mut high) = (f64::INFINITY, 0.0f64);
    for (row, code) in sample.chunks_exact(book.dim).zip(codes.chunks_exact(book.bytes)) {
        let scale = f64::from(codec.scale_of(row, code));
        // A decoded row of length zero has no direction to correct.
        if scale > 0.0 && scale.is_finite() {
            low = low.min(scale);
            high = high.max(scale);
        }
    }
    if high <= 0.0 {
        return;
    }
    let margin = (high / low).powf(0.05).max(1.000_1);
    let (low, high) = ((low / margin).max(1e-30), (high * margin).min(1e30));
    for (i, value) in book.grid.iter_mut().enumerate() {
        *value = (low * (high / low).powf(i as f64 / (GRID - 1) as f64)) as f32;
    }
}
