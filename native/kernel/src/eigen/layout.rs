//! Where the bytes of codes lie in RAM: sixteen rows side by side, the bytes that say most about a row first.
//!
//! A row's code, as stored, is its nibbles in the codebook's order and a byte of scale. In RAM its bytes make two parts,
//! each an array of its own, `[groups][lines]`: the **near** part holds the bytes whose nibbles explain most of a score, and
//! the scale; the **far** part the others. A progressive scan reads the far part of few rows.

use crate::arch::{GROUP, LANES, Line};

/// A byte that fills up a line.
const FILLING: u16 = u16::MAX;

/// The order of the bytes of a codec's rows in RAM.
#[derive(Debug)]
pub(super) struct Layout {
    bytes: usize,
    /// The byte of the code that stands at lane `p % 4` of line `p / 4`, near lines first.
    order: Vec<u16>,
    /// Lines of the near part; the only part, or an even number.
    near: usize,
    /// Where each byte of the code stands: its part, and its place there.
    places: Vec<(usize, usize)>,
}

/// Codes in RAM.
#[derive(Debug)]
pub(crate) struct Groups {
    /// Near and far, each `[⌈rows / 16⌉][lines]`, filled up with zeros.
    pub(super) parts: [Box<[Line]>; 2],
    /// The least and the largest byte of scale.
    pub(super) scales: [u8; 2],
}

impl Layout {
    /// `energies` has what each byte but the last explains of scores, `near` how many of them lie near at least; with all of
    /// them near, or almost, there is no far part.
    pub(super) fn new(energies: &[f64], near: usize) -> Self {
        let bytes = energies.len() + 1;
        let lines = bytes.div_ceil(LANES);
        // The byte of scale lies near too.
        let near = ((near + 1).div_ceil(2 * LANES) * 2).min(lines);
        // A few dozen, so a sort of the standard library would only be larger.
        let mut strongest: Vec<u16> = Vec::with_capacity(energies.len());
        for (byte, energy) in energies.iter().enumerate() {
            let place = strongest.partition_point(|before| energies[usize::from(*before)].total_cmp(energy).is_ge());
            strongest.insert(place, byte as u16);
        }
        let scale = bytes as u16 - 1;
        let cut = (near * LANES - 1).min(strongest.len());
        let (first, second) = strongest.split_at(cut);
        let mut order = paired(&[first, &[scale]].concat(), near);
        order.extend(paired(second, lines - near));
        let place = |byte: u16| {
            let p = order.iter().position(|other| *other == byte).expect("every byte has a place");
            if p < near * LANES { (0, p) } else { (1, p - near * LANES) }
        };
        let places = (0..bytes as u16).map(place).collect();
        Self { bytes, order, near, places }
    }

    /// Lines of the near and of the far part.
    pub(super) fn lines(&self) -> [usize; 2] {
        [self.near, self.order.len() / LANES - self.near]
    }

    /// The byte of the code at each lane of each line of a part; none where lines are filled up.
    pub(super) fn bytes_of(&self, part: usize) -> impl Iterator<Item = Option<usize>> {
        let (near, far) = self.order.split_at(self.near * LANES);
        [near, far][part].iter().map(|byte| (*byte != FILLING).then_some(usize::from(*byte)))
    }

    /// Lays row-major codes `[n][bytes]` out.
    pub(super) fn arrange(&self, codes: &[u8]) -> Groups {
        let part = |part: usize| {
            let order: Vec<Option<usize>> = self.bytes_of(part).collect();
            let lines = order.len() / LANES;
            let mut groups = vec![Line::ZERO; (codes.len() / self.bytes).div_ceil(GROUP) * lines];
            for (lines, rows) in groups.chunks_exact_mut(lines.max(1)).zip(codes.chunks(GROUP * self.bytes)) {
                for (r, code) in rows.chunks_exact(self.bytes).enumerate() {
                    for (p, byte) in order.iter().enumerate() {
                        if let Some(byte) = byte {
                            lines[p / LANES].0[p % LANES * GROUP + r] = code[*byte];
                        }
                    }
                }
            }
            groups.into_boxed_slice()
        };
        let scales = codes.iter().skip(self.bytes - 1).step_by(self.bytes);
        let scales = [scales.clone().min(), scales.max()].map(|scale| scale.copied().unwrap_or(0));
        Groups { parts: [part(0), part(1)], scales }
    }

    /// Writes the code of row `index` into `code`, `[bytes]`.
    pub(super) fn extract(&self, groups: &Groups, index: usize, code: &mut [u8]) {
        let (group, r) = (index / GROUP, index % GROUP);
        let lines = self.lines();
        let parts = [0, 1].map(|part| &groups.parts[part][group * lines[part]..][..lines[part]]);
        for (byte, (part, p)) in code.iter_mut().zip(&self.places) {
            *byte = parts[*part][p / LANES].0[p % LANES * GROUP + r];
        }
    }

    /// The byte of scale of row `index`.
    pub(super) fn scale(&self, groups: &Groups, index: usize) -> u8 {
        let (_, p) = self.places[self.bytes - 1];
        groups.parts[0][index / GROUP * self.near + p / LANES].0[p % LANES * GROUP + index % GROUP]
    }
}

impl Groups {
    /// Bytes of RAM.
    pub(crate) fn ram_bytes(&self) -> usize {
        self.parts.iter().map(|part| std::mem::size_of_val(&**part)).sum()
    }
}

/// `bytes`, strongest first, in `lines` lines. Lines 2i and 2i + 1 share a budget for the table entries of each lane, so strong
/// bytes are paired with weak ones.
fn paired(bytes: &[u16], lines: usize) -> Vec<u16> {
    let mut order = vec![FILLING; lines * LANES];
    let places = |line: usize| (line..lines).step_by(2).flat_map(|line| line * LANES..(line + 1) * LANES);
    // A last line alone takes one byte a lane; it comes last among the first places, so it gets the weakest of the strong.
    let places: Vec<usize> = places(0).chain(places(1).collect::<Vec<_>>().into_iter().rev()).collect();
    for (place, byte) in places.into_iter().zip(bytes) {
        order[place] = *byte;
    }
    order
}
