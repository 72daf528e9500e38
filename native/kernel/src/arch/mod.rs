//! Which instructions run the inner loops.
//!
//! | operation | portable | AVX2 |
//! |---|---|---|
//! | `similarities`, `distances` (hot tier) | 32 lanes of plain floats | the same, 4 registers |
//! | `rotate`, `nearest` (encoding, calibration) | 16 lanes of plain floats | the same, 2 registers |
//! | `products`, `choose` (encoding) | 16 lanes of integers | the same, 2 registers and 1 |
//! | `accumulate` (cold scan) | table look-ups one by one | one byte shuffle looks up 32 rows |
//!
//! The float loops are written once, in `lanes`, over arrays of fixed width: lane `l` sums what stands at positions
//! `l`, `l + width`, …, and the lanes are added in a fixed tree. A compiler may put lanes side by side but may not
//! change that order, and nothing fuses multiply and add. Encoding and the cold scan sum integers, which have no order.
//! So all implementations agree to the bit, and tests compare them with `==`.

mod lanes;
pub(crate) mod portable;

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "one file per instruction set may call its instructions")]
pub(crate) mod avx2;

#[cfg(test)]
mod tests;

/// Rows per group of interleaved codes: as many as one 256-bit register has bytes.
pub(crate) const GROUP: usize = 32;

/// Width of a centroid table: the values of one nibble.
pub(crate) const CENTROIDS: usize = 16;

/// A matrix `[dim][columns]` as `Isa::rotate` reads it, `[⌈columns / 16⌉][dim][16]`: sixteen columns side by side, the last ones
/// filled up with zeros.
pub(crate) fn tiles(dim: usize, columns: usize, at: impl Fn(usize, usize) -> f32) -> Vec<f32> {
    let mut tiles = vec![0.0; columns.next_multiple_of(CENTROIDS) * dim];
    for column in 0..columns {
        for i in 0..dim {
            tiles[(column / CENTROIDS * dim + i) * CENTROIDS + column % CENTROIDS] = at(i, column);
        }
    }
    tiles
}

/// An instruction set that this machine has. Choose once, with [`Isa::best`]; a value is proof that it may run.
#[derive(Clone, Copy, Debug)]
pub enum Isa {
    /// Plain Rust, on any machine.
    Portable,
    /// 256-bit integers and floats (x86-64 since 2013).
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
}

/// Runs one operation on the chosen instruction set.
macro_rules! dispatch {
    ($isa:expr, $operation:ident($($argument:expr),*)) => {
        match $isa {
            Isa::Portable => portable::$operation($($argument),*),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2(token) => token.$operation($($argument),*),
        }
    };
}

impl Isa {
    /// All that this machine has, best first. `Portable` is always the last.
    pub fn available() -> Vec<Self> {
        let mut found = Vec::new();
        #[cfg(target_arch = "x86_64")]
        found.extend(avx2::Avx2::detect().map(Self::Avx2));
        found.push(Self::Portable);
        found
    }

    /// The fastest that this machine has.
    pub fn best() -> Self {
        Self::available().first().copied().unwrap_or(Self::Portable)
    }

    /// Its name in statistics: `avx2` or `portable`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => "avx2",
        }
    }

    /// Dot product of `query` with each of the rows in `rows` (`[out.len()][query.len()]`).
    pub(crate) fn dots(self, query: &[f32], rows: &[f32], out: &mut [f32]) {
        assert_eq!(rows.len(), query.len() * out.len());
        dispatch!(self, dots(query, rows, out));
    }

    /// Squared Euclidean distance of `query` to each of the rows in `rows`.
    pub(crate) fn distances(self, query: &[f32], rows: &[f32], out: &mut [f32]) {
        assert_eq!(rows.len(), query.len() * out.len());
        dispatch!(self, distances(query, rows, out));
    }

    /// `out[r] = Σ_i rows[r][i] · matrix[i]`. `matrix` is `[columns / 16][dim][16]`, `out` is `[n][columns]`.
    pub(crate) fn rotate(self, rows: &[f32], dim: usize, matrix: &[f32], out: &mut [f32]) {
        let columns = matrix.len() / dim;
        assert_eq!(matrix.len() % (dim * CENTROIDS), 0);
        assert_eq!(rows.len() / dim * columns, out.len());
        dispatch!(self, rotate(rows, dim, matrix, out));
    }

    /// For each row of `rows` `[codes.len()][length]`, the number of the nearest of 16 centroids `[length][16]` whose
    /// squared lengths are `norms`. Of equally near ones the lowest number wins.
    pub(crate) fn nearest(self, rows: &[f32], centroids: &[f32], norms: &[f32; CENTROIDS], codes: &mut [u8]) {
        assert_eq!(rows.len() * CENTROIDS, centroids.len() * codes.len());
        dispatch!(self, nearest(rows, centroids, norms, codes));
    }

    /// Dot products of rows `[n][2 · pairs]` with 16 centroids `[pairs][16][2]`, `out` is `[n][16]`. The lengths of a row and of
    /// a centroid, multiplied, must not reach 2³¹.
    pub(crate) fn products(self, rows: &[i16], centroids: &[i16], out: &mut [i32]) {
        assert!(!centroids.is_empty() && centroids.len().is_multiple_of(2 * CENTROIDS));
        assert_eq!(rows.len() * CENTROIDS * CENTROIDS, centroids.len() * out.len());
        dispatch!(self, products(rows, centroids, out));
    }

    /// Nibble `m` of the `active` rows among `codes` `[n][count]`: the least of 16 sums of the row's `costs` (`[n][16]`) and of
    /// `products` (`[others][16][16]`), taken where each of the first `others` nibbles of the row says. Of equal ones the
    /// lowest wins. `gains[i]` is what the i-th active row saves by it. Sums of products must fit 16 bits.
    #[allow(clippy::too_many_arguments, reason = "one inner loop, and all that it reads")]
    pub(crate) fn choose(
        self,
        products: &[i16],
        costs: &[i32],
        codes: &mut [u8],
        count: usize,
        m: usize,
        active: &[u32],
        gains: &mut [i32],
    ) {
        assert!(m < count && products.len() <= count * CENTROIDS * CENTROIDS);
        assert!(costs.len() * count == codes.len() * CENTROIDS && gains.len() >= active.len());
        dispatch!(self, choose(products, costs, codes, count, m, active, gains));
    }

    /// Sums table entries over interleaved codes: `sums[r] = Σ_p tables[2p][low nibble] + tables[2p + 1][high nibble]`
    /// with the nibbles of byte `group[p][r]`. `tables` is `[2 · planes][16]`, `group` `[planes][32]`.
    pub(crate) fn accumulate(self, group: &[u8], tables: &[u8], sums: &mut [u32; GROUP]) {
        assert_eq!(group.len(), tables.len());
        assert_eq!(group.len() % GROUP, 0);
        dispatch!(self, accumulate(group, tables, sums));
    }
}
