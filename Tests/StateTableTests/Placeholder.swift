// SPDX-License-Identifier: Apache-2.0
let placeholderStateTableTests = 0
