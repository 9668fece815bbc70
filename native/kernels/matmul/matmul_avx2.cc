#include "implementations.h"
#include "kernels/float_conv/gemm.h"
#include "kernels/float_conv/register_avx2.h"
#include "scratch.h"

namespace bnn::avx2 {
namespace {

using Kernel = FloatKernel<MatMul, Avx2Register>;
constexpr int kPanel = Kernel::kPanel;
constexpr int kChain = Kernel::kChain;
constexpr int kRowsOfTask = 96;
// A product of at most so many multiply-adds is done before another thread would be awake.
constexpr int64_t kSerialWork = 1 << 18;

// c = a · b for one block of rows and all panels of b, packed as [panel][k][kPanel].
void multiply_rows(const MatMul& m, const float* a, const float* packed, float* c, int rows) {
  const size_t a_row = m.transpose_a ? m.m : m.k;
  const int panels = divide_up(m.n, kPanel);
  const int chains = divide_up(m.k, kChain);
  const int chain = divide_up(m.k, chains);
  for (int from = 0; from < m.k; from += chain) {
    const Segment segment{a + from * (m.transpose_a ? a_row : 1), packed + static_cast<size_t>(from) * kPanel,
                          m.k - from < chain ? m.k - from : chain};
    const Store store = from == 0 ? Store::kReplace : Store::kAdd;
    for (int panel = 0; panel < panels; ++panel) {
      const int columns = m.n - panel * kPanel < kPanel ? m.n - panel * kPanel : kPanel;
      const Operands operands{&segment, 1, a_row, 0, static_cast<size_t>(panel) * m.k * kPanel};
      if (m.transpose_a)
        panel_product<Kernel, true>(operands, rows, columns, c + panel * kPanel, m.n, store);
      else
        panel_product<Kernel, false>(operands, rows, columns, c + panel * kPanel, m.n, store);
    }
  }
}

}  // namespace

void mat_mul_avx2(const MatMul& m) {
  const size_t c_size = static_cast<size_t>(m.m) * m.n;
  if (m.batch == 0 || c_size == 0) return;
  if (m.k == 0) {
    std::memset(m.c, 0, m.batch * c_size * sizeof(float));
    return;
  }
  const int panels = divide_up(m.n, kPanel);
  const int rights = m.b_stride() == 0 ? 1 : m.batch;
  const size_t panel_size = static_cast<size_t>(m.k) * kPanel;
  Scratch scratch;
  float* const packed = scratch.take<float>(rights, panels, panel_size);
  const bool serial = static_cast<int64_t>(m.batch) * m.m * m.n * m.k <= kSerialWork;
  const auto for_each = [serial](int64_t tasks, auto&& body) {
    if (serial)
      for (int64_t task = 0; task < tasks; ++task) body(task);
    else
      parallel_for(tasks, body);
  };
  for_each(static_cast<int64_t>(rights) * panels, [&](int64_t task) {
    const float* const b = m.b + task / panels * m.b_stride();
    const int first = static_cast<int>(task % panels) * kPanel;
    if (m.transpose_b)
      pack_panel_transposed<Kernel>(b, m.k, m.k, first, m.n, packed + task * panel_size);
    else
      pack_panel<Kernel>(b, m.n, m.k, first, m.n, packed + task * panel_size);
  });

  const int blocks = divide_up(m.m, kRowsOfTask);
  for_each(static_cast<int64_t>(m.batch) * blocks, [&](int64_t task) {
    const int64_t pair = task / blocks;
    const int row = static_cast<int>(task % blocks) * kRowsOfTask;
    const float* const a = m.a + pair * m.a_stride() + row * static_cast<size_t>(m.transpose_a ? 1 : m.k);
    multiply_rows(m, a, packed + (m.b_stride() == 0 ? 0 : pair) * panels * panel_size,
                  m.c + pair * c_size + static_cast<size_t>(row) * m.n,
                  m.m - row < kRowsOfTask ? m.m - row : kRowsOfTask);
  });
}

}  // namespace bnn::avx2
