//! Vectors of texts: each word has a place, the vector counts them. Texts of the same words are near, those of none in common are not.

/// Enough places that few words share one.
pub const DIMENSION: usize = 512;

/// The vector of a text, of length one where the text has words.
pub fn embed(text: &str, dimension: usize) -> Vec<f32> {
    let mut vector = vec![0.0_f32; dimension];
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let word = word.to_lowercase();
        let stem = word.strip_suffix('s').filter(|stem| stem.len() > 2).unwrap_or(&word);
        // FNV-1a.
        let hash = stem
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let place = u64::try_from(dimension).ok().and_then(|places| (hash >> 7).checked_rem(places));
        if let Some(value) = place.and_then(|place| vector.get_mut(usize::try_from(place).ok()?)) {
            *value += 1.0;
        }
    }
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        for value in &mut vector {
            *value /= length;
        }
    }
    vector
}

/// The cosine of two vectors.
pub(super) fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot: f32 = a.iter().zip(b).map(|(x, y)| x * y).sum();
    let length = |vector: &[f32]| vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    let lengths = length(a) * length(b);
    if lengths > 0.0 { dot / lengths } else { 0.0 }
}
