#pragma once
// Loops for the compiler's vectorizer, in one binary for every x86-64 machine.

// Compiles a function for AVX-512, AVX2 and the baseline; the loader picks.  Sanitizers cannot instrument the
// resolver that does so.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define ISOFRAME_METRICS_VECTORIZED \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), optimize("O3")))
#else
#define ISOFRAME_METRICS_VECTORIZED
#endif
// For functions that a vectorized function calls: they must end up inside it.
#define ISOFRAME_METRICS_INLINE inline __attribute__((always_inline))
