//! Which instructions run the inner loops.
//!
//! | operation | portable | AVX2 | NEON |
//! |---|---|---|---|
//! | `dots`, `distances` (hot tier) | 32 lanes of plain floats | the same, 4 registers | the same, 8 registers |
//! | `rotate`, `nearest` (encoding, calibration) | 16 lanes of plain floats | the same, 2 registers | the same, 4 registers |
//! | `products`, `choose` (encoding) | 16 lanes of integers | the same, 2 registers and 1 | the same, 4 registers and 2 |
//! | `byte_products` (a query's tables) | 16 lanes of integers | the same, 2 registers; AVX-512: 1 | the same, 4 registers |
//! | `scan`, `extend` (cold scan, eigen) | table look-ups one by one | one byte shuffle looks up 32 nibbles | 16 nibbles |
//! | `polar_dots` (cold scan, Fourier) | 8 lanes of plain floats | the same, 1 register | the same, 2 registers |
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
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "one file per instruction set may call its instructions")]
pub(crate) mod avx512;

#[cfg(target_arch = "aarch64")]
#[allow(unsafe_code, reason = "one file per instruction set may call its instructions")]
pub(crate) mod neon;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[allow(unsafe_code, reason = "one file per instruction set may call its instructions")]
pub(crate) mod simd128;

#[cfg(test)]
mod tests;

/// Rows per group of interleaved codes: as many as the narrowest register that looks up bytes has. Groups so small can be
/// passed over when a filter allows none of their rows.
pub(crate) const GROUP: usize = 16;

/// Code bytes of a row in a line.
pub(crate) const LANES: usize = 4;

/// Pairs of lines that a row may have: sums of that many stay below 2¹⁶.
const MAX_PAIRS: usize = 64;

/// Width of a centroid table: the values of one nibble.
pub(crate) const CENTROIDS: usize = 16;

/// Four bytes (lanes) of each of 16 rows, or four tables of 16: one line of the cache. Byte `16 l + r` is byte l of row r, or
/// entry r of table l.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub(crate) struct Line(pub(crate) [u8; LANES * GROUP]);

impl Line {
    pub(crate) const ZERO: Self = Self([0; LANES * GROUP]);
}

/// Some lines of the codes of all rows, and what their nibbles are worth to one query.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    /// `[groups][tables.len()]`
    pub(crate) codes: &'a [Line],
    /// For each line the tables of its low nibbles and those of its high ones. Of two lines 2i and 2i + 1, the largest entries of
    /// a lane's four tables sum to 255 at most, so that four look-ups can be added as bytes.
    pub(crate) tables: &'a [[Line; 2]],
}

/// A row, counted from the first of a scan, and the sum of its table entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) row: u32,
    pub(crate) sum: u32,
}

/// The group that a hit lies in.
fn group_of(hit: Hit) -> usize {
    hit.row as usize / GROUP
}

/// Appends the rows of a group, of those in `rows`, whose sums reach the floor.
fn report(sums: &[u16; GROUP], group: usize, rows: u16, floor: u16, hits: &mut Vec<Hit>) {
    for (r, sum) in sums.iter().enumerate().filter(|(r, sum)| rows >> r & 1 == 1 && **sum >= floor) {
        hits.push(Hit { row: (group * GROUP + r) as u32, sum: u32::from(*sum) });
    }
}

/// Rows side by side in the Fourier codec's scan: as many as one 256-bit register has floats.
pub(crate) const OCTET: usize = 8;

/// What the fields of sparse spectra stand for in `Isa::polar_dots`. Tables have a power of two entries, and of a field that
/// is larger than its table the lowest bits count.
#[derive(Clone, Copy)]
pub(crate) struct Polar<'a> {
    /// Bytes of a bin's number, magnitude and phase: 1 or 2 each.
    pub(crate) widths: [usize; 3],
    /// Real and imaginary part of each of the query's bins.
    pub(crate) bins: &'a [[f32; 2]],
    /// Levels of magnitudes.
    pub(crate) magnitudes: &'a [f32],
    /// First and step of those levels, if `first + step · i` gives each of them to the bit.
    pub(crate) line: Option<[f32; 2]>,
    /// Cosine and sine of each phase.
    pub(crate) phases: &'a [[f32; 2]],
}

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
    /// 512-bit look-ups for the cold scan (x86-64 since 2019, not all); the rest as AVX2.
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Avx512),
    /// 128-bit integers and floats (all of arm64).
    #[cfg(target_arch = "aarch64")]
    Neon(neon::Neon),
    /// 128-bit WebAssembly, in a build for it.
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    Simd128,
}

/// Runs one operation on the chosen instruction set.
macro_rules! dispatch {
    ($isa:expr, $operation:ident($($argument:expr),*)) => {
        match $isa {
            Isa::Portable => portable::$operation($($argument),*),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2(token) => token.$operation($($argument),*),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512(token) => token.$operation($($argument),*),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon(token) => token.$operation($($argument),*),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Isa::Simd128 => simd128::$operation($($argument),*),
        }
    };
}

/// What is done in a nanosecond, where data come from memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Bytes of codes scanned.
    pub(crate) codes: usize,
    /// Multiplications of floats.
    pub(crate) products: usize,
}

impl Isa {
    /// All that this machine has, best first. `Portable` is always the last.
    pub fn available() -> Vec<Self> {
        let mut found = Vec::new();
        #[cfg(target_arch = "x86_64")]
        found.extend(avx512::Avx512::detect().map(Self::Avx512));
        #[cfg(target_arch = "x86_64")]
        found.extend(avx2::Avx2::detect().map(Self::Avx2));
        #[cfg(target_arch = "aarch64")]
        found.extend(neon::Neon::detect().map(Self::Neon));
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        found.push(Self::Simd128);
        found.push(Self::Portable);
        found
    }

    /// The fastest that this machine has.
    pub fn best() -> Self {
        Self::available().first().copied().unwrap_or(Self::Portable)
    }

    /// About how fast it works, for choosing where and on how many threads.
    pub(crate) fn pace(self) -> Pace {
        match self {
            Self::Portable => Pace { codes: 1, products: 1 },
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) | Self::Avx512(_) => Pace { codes: 16, products: 8 },
            #[cfg(target_arch = "aarch64")]
            Self::Neon(_) => Pace { codes: 8, products: 4 },
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Self::Simd128 => Pace { codes: 8, products: 4 },
        }
    }

    /// Its name in statistics: `avx512`, `avx2`, `neon`, `simd128` or `portable`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => "avx512",
            #[cfg(target_arch = "aarch64")]
            Self::Neon(_) => "neon",
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Self::Simd128 => "simd128",
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

    /// As [`Isa::products`], of centroids whose components are bytes.
    pub(crate) fn byte_products(self, rows: &[i16], centroids: &[i8], out: &mut [i32]) {
        assert!(!centroids.is_empty() && centroids.len().is_multiple_of(2 * CENTROIDS));
        assert_eq!(rows.len() * CENTROIDS * CENTROIDS, centroids.len() * out.len());
        dispatch!(self, byte_products(rows, centroids, out));
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

    /// Finds the rows among `rows` (a bit each, 16 a group) whose table entries, over all parts, sum to `floor` or more.
    /// Appends them in ascending order. Groups without a row to look at are not read.
    pub(crate) fn scan(self, parts: &[Part<'_>], rows: &[u16], floor: u16, hits: &mut Vec<Hit>) {
        let mut pairs = 0;
        for (i, part) in parts.iter().enumerate() {
            assert_eq!(part.codes.len(), rows.len() * part.tables.len());
            let last = parts[i + 1..].iter().all(|part| part.tables.is_empty());
            assert!(last || part.tables.len().is_multiple_of(2));
            pairs += part.tables.len().div_ceil(2);
        }
        assert!(pairs <= MAX_PAIRS);
        dispatch!(self, scan(parts, rows, floor, hits));
    }

    /// Adds a part's table entries to the sums of `hits`, which ascend.
    pub(crate) fn extend(self, part: &Part<'_>, hits: &mut [Hit]) {
        assert!(part.tables.len().div_ceil(2) <= MAX_PAIRS);
        assert!(hits.last().is_none_or(|hit| (hit.row as usize / GROUP + 1) * part.tables.len() <= part.codes.len()));
        dispatch!(self, extend(part, hits));
    }

    /// Dot products of eight sparse spectra with a query: `out[r] = Σ_i magnitude · (re · cos + im · sin)`, summed from the
    /// first kept bin to the last. `steps` is, for each i, eight numbers of bins, eight magnitudes and eight phases.
    pub(crate) fn polar_dots(self, steps: &[u8], polar: &Polar<'_>, out: &mut [f32; OCTET]) {
        assert!(polar.widths.iter().all(|width| matches!(width, 1 | 2)));
        assert_eq!(steps.len() % (OCTET * polar.widths.iter().sum::<usize>()), 0);
        let lengths = [polar.bins.len(), polar.magnitudes.len(), polar.phases.len()];
        assert!(lengths.iter().all(|length| length.is_power_of_two()));
        dispatch!(self, polar_dots(steps, polar, out));
    }
}
