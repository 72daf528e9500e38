//! Calibration: from a sample of rows to a codebook.

use faer::{Mat, Side};

use super::codebook::{BYTES, Codebook, GRID, Span};
use super::descent::Rounds;
use super::{EigenCodec, allocate, k_means, refine};
use crate::arch::CENTROIDS;
use crate::spec::{Effort, Sample};
use crate::{Control, Error, Isa, Metric};

/// Rows whose covariance is summed in one matrix product.
const CHUNK: usize = 2048;

/// Variances are never taken as smaller than this fraction of their sum: below it float32 rows hold only rounding.
const FLOOR: f64 = 1e-12;

/// Axes that hold less than this share of the variance are not told from rounding, where rows are fewer than dimensions.
const SPANNED: f64 = 1e-10;

/// The least value of the scale byte; its inverse is the largest. Squares of the longest vectors lie between.
const LEAST: f64 = 1e-37;

/// Fewest rows that tell a refined codebook more than noise.
const REFINING_ROWS: usize = 512;

/// Shares of the error that rounding a codebook's centroids may add, from finest to coarsest. A codebook is stored as finely as
/// its weight allows. The finest costs nothing that can be measured, the coarsest 0.01 of overlap.
const SHARES: [f64; 9] = [0.000_5, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.15];

/// Bytes that a codebook may always weigh.
const LIGHT: usize = 16 << 10;

/// Rows on which centroids and scales are tried out.
const TRIED: usize = 2048;

/// Queries' worth of trust in the rows, where queries say what an error costs.
const ROWS_TRUST: f64 = 64.0;

/// The eigenbasis of a sample.
struct Spectrum {
    mean: Vec<f32>,
    /// Shrunk toward their mean.
    variances: Vec<f64>,
    /// What a unit of squared error costs in each coordinate.
    costs: Vec<f64>,
    /// `[rank][dim]`, one eigenvector a row; rank is dim, or less where rows are fewer.
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
    if !BYTES.contains(&bytes) {
        return Err(Error::Parameter);
    }
    let Sample { rows, queries } = sample;
    let isa = Isa::best();
    control.at(0.0)?;
    let spectrum = spectrum(dim, rows)?.by_cost(queries, power(bytes, dim));
    control.at(0.1)?;
    let refinable = effort != Effort::Fast && refines(bytes, dim, rows.len() / dim);
    let limit = match effort {
        Effort::Rows(stored) => stored.saturating_mul(bytes).max(LIGHT),
        Effort::Fast | Effort::Best => usize::MAX,
    };
    let Plan { mut book, refined, .. } = Plan::within(limit, &spectrum, metric, bytes, refinable);
    let coordinates = EigenCodec::new(book.clone()).coordinates(isa, rows);
    let codes = fit_centroids(&mut book, coordinates.clone(), seed, &|done| control.at(0.1 + 0.1 * done))?;
    let block = book.clone();
    if refined {
        refine::refine(&mut book, &coordinates, &codes, &|done| control.at(0.2 + 0.75 * done))?;
    }
    control.at(0.95)?;
    let tried: Vec<f32> =
        refine::spread(rows.len() / dim, TRIED).into_iter().flat_map(|r| &rows[r * dim..][..dim]).copied().collect();
    round_centroids(&mut book, &tried, limit);
    if refined && book.write().len() > limit {
        book = block;
        round_centroids(&mut book, &tried, limit);
    }
    fit_grid(&mut book, rows, &tried);
    control.at(1.0)?;
    Ok(book.write())
}

/// The power of a unit of squared error's cost that coordinates are weighted by. A sample knows its spectrum only so well,
/// and codes of few bits have no use for fine differences: measured best are about ½ at half a bit a dimension, ¾ at two.
fn power(bytes: usize, dim: usize) -> f64 {
    (0.35 + 0.25 * 8.0 * bytes as f64 / dim as f64).clamp(0.4, 0.8)
}

/// Whether additive refinement gains anything. Beyond 2⅔ bits a dimension block codebooks are as good.
fn refines(bytes: usize, dim: usize, sample_rows: usize) -> bool {
    3 * bytes <= dim.max(64) && sample_rows >= REFINING_ROWS
}

/// A codebook whose centroids are not known yet, and what it will be like.
struct Plan {
    book: Codebook,
    /// One of `SHARES`.
    share: f64,
    refined: bool,
}

impl Plan {
    /// The best codebook of at most `limit` bytes: refined before coarse, coarse before one of fewer axes.
    fn within(limit: usize, spectrum: &Spectrum, metric: Metric, bytes: usize, refinable: bool) -> Self {
        for refined in [true, false] {
            for share in SHARES {
                let plan = Self::of(spectrum, metric, bytes, usize::MAX, share, refined);
                if (refinable || !refined) && plan.weight() <= limit {
                    return plan;
                }
            }
        }
        let coarsest = SHARES[SHARES.len() - 1];
        let mut axes = spectrum.variances.len();
        loop {
            let plan = Self::of(spectrum, metric, bytes, axes, coarsest, false);
            let (rank, weight) = (plan.book.weights.len(), plan.weight());
            if weight <= limit || rank <= 1 {
                return plan;
            }
            // The rotation is most of it, so few turns are needed.
            axes = (rank * limit / weight).clamp(1, rank - 1);
        }
    }

    /// Over the first `axes` at most.
    fn of(spectrum: &Spectrum, metric: Metric, bytes: usize, axes: usize, share: f64, refined: bool) -> Self {
        let dim = spectrum.mean.len();
        let mut products = spectrum.products();
        products.truncate(axes);
        let (spans, bits) = allocate::spans(&products, 2 * bytes - 2);
        let rank = spans.iter().map(|span| span.start + span.length).max().unwrap_or(0);
        let book = Codebook {
            dim,
            metric,
            bytes,
            rounds: Rounds::BLOCK,
            mean: spectrum.mean.clone(),
            rotation: spectrum.axes[..rank * dim].to_vec(),
            rotation_step: 0.0,
            weights: spectrum.costs[..rank].iter().map(|cost| cost.sqrt() as f32).collect(),
            centroids: vec![0.0; spans.iter().map(|span| span.length * CENTROIDS).sum()],
            centroid_step: 0.0,
            spans,
            grid: vec![1.0; GRID],
        };
        // A step of s moves a row by s²/12 of its squared length a component of what it is decoded from, and its coordinates
        // by as much each.
        let total: f64 = spectrum.variances.iter().sum();
        let bits = bits.into_iter().chain(std::iter::repeat(0.0));
        let left: f64 = spectrum.variances.iter().zip(bits).map(|(variance, b)| variance * (-2.0 * b).exp2()).sum();
        // Halving a share takes half a bit a component, so the fewer may be the finer.
        let mut plan = Self { book, share, refined };
        let finer = ((rank * dim) as f64 / plan.components().max(1) as f64).min(1.0);
        let step = (12.0 * finer * share * left / (total * (dim + rank) as f64)).sqrt();
        plan.book.round_rotation(if step.is_finite() { step as f32 } else { 0.0 });
        plan
    }

    /// How many numbers its centroids are.
    fn components(&self) -> usize {
        let coding: Vec<Span> = self.book.spans.iter().copied().filter(|span| span.length > 0).collect();
        let columns: usize = if self.refined {
            refine::runs(&coding).iter().map(|(nibbles, reach)| nibbles.len() * reach.length).sum()
        } else {
            coding.iter().map(|span| span.length).sum()
        };
        CENTROIDS * columns
    }

    /// Bytes that the codebook will take, nearly.
    fn weight(&self) -> usize {
        // Measured of refined centroids: 5.7 bits a component at 0.002 of the error, 3.7 at 0.03. Those of blocks are fewer and
        // larger.
        let bits = if self.refined { 1.3 } else { 3.3 } - 0.5 * self.share.log2();
        self.book.write().len() + (self.components() as f64 * bits / 8.0) as usize
    }
}

impl Spectrum {
    /// Coordinates in the order in which they are worth coding.
    ///
    /// An error in a coordinate costs what queries have there. They are taken to be spread like the rows, mean included:
    /// w = λ + (Vᵀμ)², unless there are queries to ask: then it is the mean of (Vᵀq)², held to the former as if by
    /// `ROWS_TRUST` more queries. Only ratios matter, so costs and products are scaled to their largest.
    fn by_cost(mut self, queries: &[f32], power: f64) -> Self {
        let dim = self.mean.len();
        let largest = self.variances.iter().fold(f64::MIN_POSITIVE, |l, v| l.max(*v));
        for variance in &mut self.variances {
            *variance /= largest;
        }
        let along =
            |axis: &[f32], x: &[f32]| axis.iter().zip(x).map(|(v, x)| f64::from(*v) * f64::from(*x)).sum::<f64>();
        let axes = || self.axes.chunks_exact(dim);
        let mut costs: Vec<f64> =
            self.variances.iter().zip(axes()).map(|(v, axis)| v + along(axis, &self.mean).powi(2) / largest).collect();
        if !queries.is_empty() {
            let asked: Vec<f64> =
                axes().map(|axis| queries.chunks_exact(dim).map(|q| along(axis, q).powi(2)).sum()).collect();
            let count = (queries.len() / dim) as f64;
            // Queries may be of another length than rows.
            let scale = costs.iter().sum::<f64>() / asked.iter().sum::<f64>().max(f64::MIN_POSITIVE) * count;
            for (cost, asked) in costs.iter_mut().zip(asked) {
                *cost = (ROWS_TRUST * *cost + scale * asked) / (ROWS_TRUST + count);
            }
        }
        for cost in &mut costs {
            *cost = cost.powf(power);
        }
        let highest = costs.iter().fold(f64::MIN_POSITIVE, |h, c| h.max(*c));
        let mut order: Vec<usize> = (0..self.variances.len()).collect();
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

    let centred =
        |rows: &[f32]| Mat::from_fn(rows.len() / dim, dim, |i, j| f64::from(rows[i * dim + j]) - f64::from(mean[j]));
    let mut fourth = 0.0;
    // Fewer rows than dimensions span fewer axes, and the products of rows with rows have the same eigenvalues.
    let few = n < dim;
    let mut products = Mat::<f64>::zeros(if few { n } else { dim }, if few { n } else { dim });
    for chunk in sample.chunks(if few { sample.len() } else { CHUNK * dim }) {
        let rows = centred(chunk);
        fourth += (0..rows.nrows()).map(|i| rows.row(i).squared_norm_l2().powi(2)).sum::<f64>();
        products += if few { &rows * rows.transpose() } else { rows.transpose() * &rows };
    }
    products *= faer::Scale(1.0 / n as f64);

    let trace = (0..products.nrows()).map(|i| products[(i, i)]).sum::<f64>();
    let average = trace / dim as f64;
    let squared = products.squared_norm_l2();
    let spread = squared - dim as f64 * average * average;
    let noise = (fourth / n as f64 - squared) / n as f64;
    let shrinkage = if spread > 0.0 { (noise / spread).clamp(0.0, 1.0) } else { 0.0 };

    let decomposition = products.self_adjoint_eigen(Side::Lower).map_err(|_| Error::Numeric)?;
    let (values, mut vectors) = (decomposition.S().column_vector(), decomposition.U().to_owned());
    if few {
        vectors = centred(sample).transpose() * vectors;
    }
    let (mut axes, mut variances) = (Vec::new(), Vec::new());
    for column in (0..values.nrows()).rev() {
        let value = values[column];
        if !value.is_finite() {
            return Err(Error::Numeric);
        }
        if few && value <= SPANNED * trace {
            break;
        }
        variances.push(((1.0 - shrinkage) * value + shrinkage * average).max(FLOOR * trace));
        // An eigenvector's sign is arbitrary; fix it, so that equal samples give equal codebooks.
        let axis = vectors.col(column);
        let strongest = axis.iter().fold(0.0f64, |s, v| if v.abs() > s.abs() { *v } else { s });
        let length = axis.norm_l2() * strongest.signum();
        axes.extend(axis.iter().map(|v| (v / length) as f32));
    }
    Ok(Spectrum { mean, variances, costs: Vec::new(), axes })
}

/// Fits nibble after nibble to weighted coordinates, each on what the ones before it left over. Returns what each chose.
fn fit_centroids(
    book: &mut Codebook,
    mut residuals: Vec<f32>,
    seed: u64,
    progress: &dyn Fn(f32) -> Result<(), Error>,
) -> Result<Vec<Vec<u8>>, Error> {
    let isa = Isa::best();
    let rank = book.weights.len();
    let mut random = fastrand::Rng::with_seed(seed);
    let mut chosen = Vec::new();
    let mut begin = 0;
    for span in book.spans.iter().filter(|span| span.length > 0) {
        progress(chosen.len() as f32 / book.spans.len() as f32)?;
        let points = span.of(&residuals, rank);
        let (centroids, codes) = k_means::centroids(isa, &points, span.length, &mut random);
        for (row, code) in residuals.chunks_exact_mut(rank).zip(&codes) {
            let columns = centroids.as_chunks::<CENTROIDS>().0;
            for (x, column) in row[span.start..].iter_mut().zip(columns) {
                *x -= column[usize::from(*code)];
            }
        }
        book.centroids[begin..begin + centroids.len()].copy_from_slice(&centroids);
        begin += centroids.len();
        chosen.push(codes);
    }
    Ok(chosen)
}

/// Rounds the centroids as finely as `limit` allows, so that the error of rows, all the nibbles' rounding added up, grows by one
/// of `SHARES`.
fn round_centroids(book: &mut Codebook, rows: &[f32], limit: usize) {
    let isa = Isa::best();
    let codec = EigenCodec::new(book.clone());
    let rank = book.weights.len();
    let decoded = codec.plain_coordinates(&codec.encode(isa, rows));
    let coordinates = codec.coordinates(isa, rows);
    let mut error = 0.0;
    for (row, decoded) in coordinates.chunks_exact(rank.max(1)).zip(decoded.chunks_exact(codec.columns.max(1))) {
        for ((x, z), weight) in row.iter().zip(decoded).zip(&book.weights) {
            error += f64::from(x - z * weight).powi(2);
        }
    }
    let components: usize = book.spans.iter().map(|span| span.length).sum();
    let rounded = ((rows.len() / book.dim) * components).max(1) as f64;
    let exact = book.centroids.clone();
    for share in SHARES {
        book.centroids.copy_from_slice(&exact);
        book.round_centroids((12.0 * share * error / rounded).sqrt() as f32);
        if book.write().len() <= limit {
            break;
        }
    }
}

/// A geometric grid over the scales that the sample needs, and a little beyond.
fn fit_grid(book: &mut Codebook, sample: &[f32], tried: &[f32]) {
    let codec = EigenCodec::new(book.clone());
    let (mut low, mut high) = (f64::INFINITY, 0.0f64);
    // Squared lengths, which need no codes, are wanted of every row.
    let scales = match book.metric {
        Metric::Euclidean => codec.scales_of(sample, &[]),
        Metric::Cosine | Metric::Dot => codec.scales_of(tried, &codec.encode(Isa::best(), tried)),
    };
    for scale in scales {
        let scale = f64::from(scale);
        // A decoded row of length zero has no direction to correct.
        if scale > 0.0 && scale.is_finite() {
            low = low.min(scale);
            high = high.max(scale);
        }
    }
    if high <= 0.0 {
        // No row has a length: the least that a grid can say, which only Euclidean scores heed.
        (low, high) = (LEAST, LEAST);
    }
    let margin = (high / low).powf(0.05).max(1.000_1);
    let (low, high) = ((low / margin).clamp(LEAST, 1.0 / LEAST), (high * margin).clamp(LEAST, 1.0 / LEAST));
    for (i, value) in book.grid.iter_mut().enumerate() {
        *value = (low * (high / low).powf(i as f64 / (GRID - 1) as f64)) as f32;
    }
}
